using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture;

/// <summary>Reads a capture file (draft-ietf-opsawg-pcapng) block by block, as far as frames and their ports go.</summary>
/// <remarks>Takes files that were written on a little-endian machine, with Ethernet frames. Blocks and options of other kinds are passed
/// over. Nothing in the file is trusted. One thread at a time.</remarks>
/// <param name="input">The file; not disposed.</param>
public sealed class PcapngReader(Stream input)
{
    private const int MaxBlock = 1 << 24;
    private const int MaxInterfaces = 1 << 16;
    private readonly List<Interface> _interfaces = [];
    private byte[] _block = new byte[1 << 12];
    private int _length;

    /// <summary>The block just read, envelope included.</summary>
    public ReadOnlyMemory<byte> Block => _block.AsMemory(0, _length);

    /// <summary>True when the file ended inside a block.</summary>
    public bool IsCutOff { get; private set; }

    /// <summary>Frames lost by the capture, as the file's statistics say so far.</summary>
    public long Lost => _interfaces.Sum(item => item.Lost);

    private uint Type => BinaryPrimitives.ReadUInt32LittleEndian(_block);

    /// <summary>Reads the next block.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="LinkException">It is no capture file, or not of the kind above.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancel)
    {
        bool isFirst = _length == 0;
        _length = 0;
        int got = await input.ReadAtLeastAsync(_block.AsMemory(0, 8), 8, throwOnEndOfStream: false, cancel);
        if (got == 0 && !isFirst)
            return false;
        if (got == 8)
        {
            int length = CheckLength(isFirst);
            if (_block.Length < length)
                Array.Resize(ref _block, Math.Max(length, _block.Length * 2));
            got += await input.ReadAtLeastAsync(_block.AsMemory(8, length - 8), length - 8, throwOnEndOfStream: false, cancel);
            if (got == length)
            {
                Take(length);
                return true;
            }
        }

        IsCutOff = true;
        return isFirst && got < 8 ? throw NoCapture("it is empty or far too short") : false;
    }

    /// <summary>Takes the block just read as a frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <returns>False when it is something else.</returns>
    public bool TryGetFrame(out CapturedFrame frame)
    {
        frame = default;
        if (_length < 32 || Type != PcapngBlock.EnhancedPacket)
            return false;
        ReadOnlySpan<byte> body = Body;
        uint id = BinaryPrimitives.ReadUInt32LittleEndian(body);
        uint captured = BinaryPrimitives.ReadUInt32LittleEndian(body[12..]);
        uint padded = (captured + 3) & ~3U;
        if (captured > body.Length || padded > body.Length - 20)
            throw NoCapture("a frame is longer than the block it stands in");
        if (id >= _interfaces.Count)
            throw NoCapture($"a frame belongs to interface {id}, which the file does not describe");
        Interface port = _interfaces[(int)id];
        ulong stamp = ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(body[4..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        ReadOnlySpan<byte> options = body[(20 + (int)padded)..];
        frame = new CapturedFrame
        {
            Port = port.Name,
            Stamp = unchecked((long)(stamp * port.Unit)),
            Direction = DirectionOf(options),
            Bytes = body.Slice(20, (int)captured),
            Length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(body[16..]), int.MaxValue),
            Comment = TryFindOption(options, PcapngOption.Comment, out ReadOnlySpan<byte> comment) ? Encoding.UTF8.GetString(comment) : null,
        };
        return true;
    }

    private ReadOnlySpan<byte> Body => _block.AsSpan(8, _length - PcapngBlock.Envelope);

    private int CheckLength(bool isFirst)
    {
        if (isFirst && Type != PcapngBlock.Section)
            throw NoCapture("it does not begin as a pcapng file does");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_block.AsSpan(4));
        if (length is < PcapngBlock.Envelope or > MaxBlock || (length & 3) != 0)
            throw NoCapture($"a block of {length} bytes cannot be; a file from a big-endian machine is not read");
        return (int)length;
    }

    private void Take(int length)
    {
        _length = length;
        switch (Type)
        {
            case PcapngBlock.Section:
                _interfaces.Clear();
                if (length < 28 || BinaryPrimitives.ReadUInt32LittleEndian(Body) != PcapngBlock.ByteOrderMagic)
                    throw NoCapture("its byte order is not this machine's");
                break;
            case PcapngBlock.Interface when length >= 20:
                TakeInterface();
                break;
            case PcapngBlock.Statistics when length >= 24:
                uint id = BinaryPrimitives.ReadUInt32LittleEndian(Body);
                if (id < _interfaces.Count && TryFindOption(Body[12..], PcapngOption.Dropped, out ReadOnlySpan<byte> lost) && lost.Length == 8)
                    _interfaces[(int)id] = _interfaces[(int)id] with { Lost = BinaryPrimitives.ReadInt64LittleEndian(lost) };
                break;
        }
    }

    private void TakeInterface()
    {
        if (_interfaces.Count == MaxInterfaces)
            throw NoCapture($"it describes more than {MaxInterfaces} interfaces");
        if (BinaryPrimitives.ReadUInt16LittleEndian(Body) != PcapngBlock.EthernetLink)
            throw NoCapture("it holds other frames than Ethernet's");
        ReadOnlySpan<byte> options = Body[8..];
        string name = TryFindOption(options, PcapngOption.InterfaceName, out ReadOnlySpan<byte> text) ? Encoding.UTF8.GetString(text) : $"interface {_interfaces.Count}";
        int digits = TryFindOption(options, PcapngOption.TimeResolution, out ReadOnlySpan<byte> resolution) && resolution.Length == 1 ? resolution[0] : 6;
        if (digits > 9)
            throw NoCapture("its stamps are finer than nanoseconds, or not decimal");
        ulong unit = 1;
        for (; digits < 9; digits++)
            unit *= 10;
        _interfaces.Add(new Interface(name, unit, 0));
    }

    private static FrameDirection? DirectionOf(ReadOnlySpan<byte> options)
    {
        if (!TryFindOption(options, PcapngOption.PacketFlags, out ReadOnlySpan<byte> flags) || flags.Length != 4)
            return null;
        return (BinaryPrimitives.ReadUInt32LittleEndian(flags) & 3) switch
        {
            PcapngBlock.Inbound => FrameDirection.Received,
            PcapngBlock.Outbound => FrameDirection.Transmitted,
            _ => null,
        };
    }

    private static bool TryFindOption(ReadOnlySpan<byte> options, ushort wanted, out ReadOnlySpan<byte> value)
    {
        value = default;
        while (options.Length >= 4)
        {
            ushort code = BinaryPrimitives.ReadUInt16LittleEndian(options);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(options[2..]);
            if (code == 0 || length > options.Length - 4)
                return false;
            value = options.Slice(4, length);
            if (code == wanted)
                return true;
            options = options[Math.Min(4 + ((length + 3) & ~3), options.Length)..];
        }

        return false;
    }

    private static LinkException NoCapture(string why) => new($"this is no capture file that can be read: {why}");

    /// <param name="Name">if_name.</param>
    /// <param name="Unit">Nanoseconds in a unit of its stamps.</param>
    /// <param name="Lost">isb_ifdrop.</param>
    private readonly record struct Interface(string Name, ulong Unit, long Lost);
}
