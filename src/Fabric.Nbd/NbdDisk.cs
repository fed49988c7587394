using System.Net.Sockets;
using Fabric.Disk;
using Fabric.Nbd.Client;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd;

/// <summary>A disk that an NBD server holds.</summary>
/// <remarks>
/// <para>All threads share one connection; each has a request of its own in flight. Nothing here is cached: with
/// <see cref="DiskFlags.NoWait"/> the answer is always <see cref="DiskStatus.WouldBlock"/>.</para>
/// <para>When the connection is lost, the requests under way end with <see cref="DiskStatus.IoError"/>: whether a write among them took effect
/// nobody knows. The next request connects anew, once, and at most once in <see cref="RetryInterval"/>; a server that comes
/// back with another size is not taken. The server is not trusted: lengths, offsets and cookies it sends are checked against what
/// was asked.</para>
/// <para>Where the server wants requests in blocks of more than one byte, changes must keep to them; others are
/// <see cref="DiskStatus.Unsupported"/>. Reading need not.</para>
/// </remarks>
public sealed class NbdDisk : IDisk
{
    private const long MaxRange = 1L << 30;
    private const uint ZeroState = 2;

    private readonly NbdUri _uri;
    private readonly TimeProvider _time;
    private readonly RemoteExport _export;
    private readonly Lock _connectGate = new();
    private NbdLink _link;
    private long _lastAttempt;
    private bool _disposed;

    private NbdDisk(NbdUri uri, bool readOnly, TimeProvider time)
    {
        _uri = uri;
        _time = time;
        _link = OpenLink(uri);
        _export = _link.Export;
        IsReadOnly = readOnly || _export.Can(TransmissionFlags.ReadOnly);
        _lastAttempt = time.GetTimestamp();
    }

    /// <summary>Time between two attempts to connect anew.</summary>
    public static TimeSpan RetryInterval { get; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public long Length => _export.Size;

    /// <inheritdoc/>
    public int LogicalBlockSize => _export.MinimumBlock > 512 ? 4096 : 512;

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public int DiscardGranularity => _export.Can(TransmissionFlags.SendTrim) ? 4096 : 0;

    /// <summary>Connects.</summary>
    /// <param name="address">The export's address, see <see cref="NbdUri"/>.</param>
    /// <param name="readOnly">Refuse to change the disk, whatever the server allows.</param>
    /// <param name="time">The clock for attempts to connect anew; null for the host's.</param>
    /// <exception cref="DiskException">The address is wrong, nobody answers there, or the server refuses.</exception>
    public static NbdDisk Connect(string address, bool readOnly = false, TimeProvider? time = null)
    {
        if (!NbdUri.TryParse(address, out NbdUri? uri, out string? fault))
            throw new DiskException(address, fault!);
        return new NbdDisk(uri!, readOnly, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!Inside(offset, destination.Length))
            return DiskStatus.OutOfRange;
        if ((flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        if (!IsAligned(offset, destination.Length))
            return ReadUnaligned(offset, destination);
        while (!destination.IsEmpty)
        {
            int length = Math.Min(destination.Length, _export.MaxPayload);
            DiskStatus status = Ask(CommandType.Read, CommandFlags.None, offset, (uint)length, default, destination[..length], out _);
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[length..];
            offset += length;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (CheckChange(offset, source.Length, flags) is var refused and not DiskStatus.Ok)
            return refused;
        if (!IsAligned(offset, source.Length))
            return DiskStatus.Unsupported;
        CommandFlags command = StableFlag(flags);
        while (!source.IsEmpty)
        {
            int length = Math.Min(source.Length, _export.MaxPayload);
            DiskStatus status = Ask(CommandType.Write, command, offset, (uint)length, source[..length], default, out _);
            if (status != DiskStatus.Ok)
                return status;
            source = source[length..];
            offset += length;
        }

        return MakeStable(flags);
    }

    /// <inheritdoc/>
    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (CheckChange(offset, length, flags) is var refused and not DiskStatus.Ok)
            return refused;
        if (!IsAligned(offset, length))
            return DiskStatus.Unsupported;
        if (!_export.Can(TransmissionFlags.SendWriteZeroes))
            return WriteZeroBytes(offset, length, flags);
        CommandFlags command = StableFlag(flags) | ((flags & DiskFlags.MayUnmap) != 0 ? CommandFlags.None : CommandFlags.NoHole);
        DiskStatus status = AskRanges(CommandType.WriteZeroes, command, offset, length);
        return status == DiskStatus.Ok ? MakeStable(flags) : status;
    }

    /// <inheritdoc/>
    public DiskStatus Discard(long offset, long length)
    {
        if (CheckChange(offset, length, DiskFlags.None) is var refused and not DiskStatus.Ok)
            return refused;
        // Discarding is advice: the ends that fill no block are left alone.
        long block = _export.MinimumBlock;
        long first = (offset + block - 1) & -block;
        long end = (offset + length) & -block;
        return _export.Can(TransmissionFlags.SendTrim) && end > first ? AskRanges(CommandType.Trim, CommandFlags.None, first, end - first) : DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public DiskStatus Flush() => !IsReadOnly && _export.Can(TransmissionFlags.SendFlush)
        ? Ask(CommandType.Flush, CommandFlags.None, 0, 0, default, default, out _)
        : DiskStatus.Ok;

    /// <inheritdoc/>
    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        long most = Math.Min(maxLength, Length - offset);
        extent = new DiskExtent(most, Allocated: true, Zero: false, HostOffset: -1);
        if (_export.AllocationId is null)
            return DiskStatus.Ok;
        long block = _export.MinimumBlock;
        long first = offset & -block;
        uint wanted = (uint)Math.Min(MaxRange, (offset - first + most + block - 1) & -block);
        DiskStatus status = Ask(CommandType.BlockStatus, CommandFlags.RequestOne, first, wanted, default, default, out (uint Length, uint State) run);
        if (status != DiskStatus.Ok)
            return status;
        long length = run.Length - (offset - first);
        if (length <= 0)
            return DiskStatus.IoError;
        extent = new DiskExtent(Math.Min(length, most), Allocated: true, Zero: (run.State & ZeroState) != 0, HostOffset: -1);
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!_link.IsBroken)
            Flush();
        _link.Dispose();
    }

    private static NbdLink OpenLink(NbdUri uri)
    {
        Socket socket = uri.EndPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(uri.EndPoint);
            NbdSocket connected = new(socket);
            connected.SetPatience(TimeSpan.FromSeconds(10));
            ReplyReader reader = new(connected);
            RemoteExport export = new ClientHandshake(connected, reader).Run(uri.Export);
            // A server may take its time over a flush, but not for ever.
            connected.SetPatience(TimeSpan.FromMinutes(2));
            return new NbdLink(connected, reader, export);
        }
        catch (SocketException unreachable)
        {
            socket.Dispose();
            throw new DiskException(uri.ToString(), $"cannot be reached: {unreachable.Message}; is the server running?", -1, unreachable);
        }
        catch (NbdPeerException refused)
        {
            socket.Dispose();
            throw new DiskException(uri.ToString(), refused.Message, -1, refused);
        }
    }

    private DiskStatus Ask(CommandType type, CommandFlags flags, long offset, uint length, ReadOnlySpan<byte> source, Span<byte> destination, out (uint Length, uint State) run)
    {
        run = default;
        NbdLink link = Volatile.Read(ref _link);
        if (link.IsBroken && !TryReconnect(ref link))
            return DiskStatus.IoError;
        return link.Ask(type, flags, offset, length, source, destination, out run);
    }

    private bool TryReconnect(ref NbdLink link)
    {
        lock (_connectGate)
        {
            if (_link != link)
            {
                link = _link;
                return true;
            }

            if (_time.GetElapsedTime(_lastAttempt) < RetryInterval)
                return false;
            _lastAttempt = _time.GetTimestamp();
            try
            {
                NbdLink fresh = OpenLink(_uri);
                if (fresh.Export == _export)
                {
                    _link.Dispose();
                    link = fresh;
                    Volatile.Write(ref _link, fresh);
                    return true;
                }

                fresh.Dispose();
                return false;
            }
            catch (DiskException)
            {
                // Not back yet; a later request will see.
                return false;
            }
        }
    }

    private DiskStatus AskRanges(CommandType type, CommandFlags flags, long offset, long length)
    {
        while (length > 0)
        {
            uint piece = (uint)Math.Min(length, MaxRange);
            DiskStatus status = Ask(type, flags, offset, piece, default, default, out _);
            if (status != DiskStatus.Ok)
                return status;
            offset += piece;
            length -= piece;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus WriteZeroBytes(long offset, long length, DiskFlags flags)
    {
        byte[] zeroes = new byte[(int)Math.Min(length, 1 << 20)];
        for (; length > 0; offset += zeroes.Length, length -= zeroes.Length)
        {
            DiskStatus status = Write(offset, zeroes.AsSpan(0, (int)Math.Min(length, zeroes.Length)), flags & DiskFlags.ForceUnitAccess);
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Reads whole blocks and takes the part that is wanted.</summary>
    private DiskStatus ReadUnaligned(long offset, Span<byte> destination)
    {
        long block = _export.MinimumBlock;
        long first = offset & -block;
        long end = Math.Min((offset + destination.Length + block - 1) & -block, Length);
        byte[] blocks = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Min(end - first, _export.MaxPayload));
        DiskStatus status = DiskStatus.Ok;
        while (status == DiskStatus.Ok && !destination.IsEmpty)
        {
            int skipped = (int)(offset - first);
            int length = (int)Math.Min(end - first, _export.MaxPayload);
            status = Ask(CommandType.Read, CommandFlags.None, first, (uint)length, default, blocks.AsSpan(0, length), out _);
            int taken = Math.Min(length - skipped, destination.Length);
            blocks.AsSpan(skipped, taken).CopyTo(destination);
            destination = destination[taken..];
            offset += taken;
            first += length;
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(blocks);
        return status;
    }

    private bool Inside(long offset, long length) => offset >= 0 && length >= 0 && length <= Length - offset;

    private bool IsAligned(long offset, long length) => ((offset | length) & (_export.MinimumBlock - 1)) == 0;

    private DiskStatus CheckChange(long offset, long length, DiskFlags flags)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        return (flags & DiskFlags.NoWait) != 0 ? DiskStatus.WouldBlock : DiskStatus.Ok;
    }

    private CommandFlags StableFlag(DiskFlags flags) =>
        (flags & DiskFlags.ForceUnitAccess) != 0 && _export.Can(TransmissionFlags.SendForceUnitAccess) ? CommandFlags.ForceUnitAccess : CommandFlags.None;

    private DiskStatus MakeStable(DiskFlags flags) =>
        (flags & DiskFlags.ForceUnitAccess) != 0 && !_export.Can(TransmissionFlags.SendForceUnitAccess) ? Flush() : DiskStatus.Ok;
}
