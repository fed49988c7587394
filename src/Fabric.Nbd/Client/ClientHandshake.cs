using System.Buffers.Binary;
using System.Text;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Client;

/// <summary>The client's side of the handshake (proto.md, "Newstyle negotiation"): asks for structured replies and base:allocation, takes
/// what it gets, and chooses the export with GO, or with EXPORT_NAME where the server is too old for that.</summary>
internal sealed class ClientHandshake(NbdSocket socket, ReplyReader reader)
{
    private const int MaxReply = 64 << 10;
    private const int MaxReplies = 1024;
    private const int DefaultMaxPayload = 32 << 20;
    private const int LargestMinimumBlock = 4096;
    private const int OldPadding = 124;

    private readonly byte[] _data = new byte[MaxReply];
    private bool _noZeroes;
    private bool _structured;
    private uint? _allocation;
    private long _size = -1;
    private TransmissionFlags _flags;
    private uint _minimumBlock = 1;
    private uint _maxPayload = DefaultMaxPayload;

    /// <summary>Negotiates.</summary>
    /// <exception cref="NbdPeerException">The server refuses or breaks the protocol.</exception>
    internal RemoteExport Run(string export)
    {
        HandshakeFlags server = Greet();
        _noZeroes = (server & HandshakeFlags.NoZeroes) != 0;
        SendUInt32((uint)(HandshakeFlags.FixedNewstyle | (server & HandshakeFlags.NoZeroes)));
        byte[] name = Encoding.UTF8.GetBytes(export);
        if (name.Length > Limits.MaxString)
            throw new NbdPeerException("asks for an export whose name is too long");
        if ((server & HandshakeFlags.FixedNewstyle) == 0)
        {
            ChooseOldWay(name);
            return Result();
        }

        _structured = Ask(OptionCode.StructuredReply, []) == OptionAnswer.Ack;
        if (_structured)
            AskForAllocation(name);
        OptionAnswer answer = Ask(OptionCode.Go, [.. Prefixed(name), 0, 1, 0, (byte)InfoType.BlockSize]);
        if (answer == OptionAnswer.Unsupported)
            ChooseOldWay(name);
        else if (answer != OptionAnswer.Ack)
            throw new NbdPeerException(Refusal(answer, export));
        return Result();
    }

    private HandshakeFlags Greet()
    {
        if (!reader.TryTakeUInt64(out ulong magic))
            throw Ended();
        if (magic != Magic.Greeting || !reader.TryTakeUInt64(out ulong option))
            throw new NbdPeerException("is no NBD server");
        if (option != Magic.Option)
            throw new NbdPeerException("speaks only the oldest form of NBD, which is not supported");
        return reader.TryTakeUInt16(out ushort flags) ? (HandshakeFlags)flags : throw Ended();
    }

    private void AskForAllocation(byte[] name)
    {
        byte[] context = Encoding.ASCII.GetBytes(Limits.AllocationContext);
        if (Ask(OptionCode.SetMetaContext, [.. Prefixed(name), 0, 0, 0, 1, .. Prefixed(context)]) != OptionAnswer.Ack)
            _allocation = null;
    }

    private void ChooseOldWay(byte[] name)
    {
        SendOption(OptionCode.ExportName, name);
        if (!reader.TryTakeUInt64(out ulong size) || !reader.TryTakeUInt16(out ushort flags) || (!_noZeroes && !reader.TrySkip(OldPadding)))
            throw new NbdPeerException("closed the connection; perhaps it has no export of that name");
        _size = (long)size;
        _flags = (TransmissionFlags)flags;
    }

    /// <summary>Checks what was told; the server may be anybody's.</summary>
    private RemoteExport Result()
    {
        if (_size < 0)
            throw new NbdPeerException("names no usable size");
        if (!uint.IsPow2(_minimumBlock) || _minimumBlock > LargestMinimumBlock)
            throw new NbdPeerException($"wants requests in blocks of {_minimumBlock} bytes, which is not supported");
        uint most = Math.Min(_maxPayload, DefaultMaxPayload) & ~(_minimumBlock - 1);
        if (most < LargestMinimumBlock)
            throw new NbdPeerException($"takes requests of at most {_maxPayload} bytes, which is not supported");
        return new RemoteExport(_size, _flags, (int)_minimumBlock, (int)most, _structured, _allocation);
    }

    /// <summary>Sends an option and takes everything up to its last answer.</summary>
    private OptionAnswer Ask(OptionCode option, ReadOnlySpan<byte> data)
    {
        SendOption(option, data);
        for (int i = 0; i < MaxReplies; i++)
        {
            OptionAnswer answer = TakeReply(option, out ReadOnlySpan<byte> content);
            if (answer == OptionAnswer.Info)
                TakeInfo(content);
            else if (answer == OptionAnswer.MetaContext)
                TakeContext(content);
            else if (answer != OptionAnswer.Server)
                return answer;
        }

        throw new NbdPeerException("does not stop to answer an option");
    }

    private OptionAnswer TakeReply(OptionCode option, out ReadOnlySpan<byte> content)
    {
        if (!reader.TryTakeUInt64(out ulong magic) || !reader.TryTakeUInt32(out uint about) || !reader.TryTakeUInt32(out uint answer) || !reader.TryTakeUInt32(out uint length))
            throw Ended();
        if (magic != Magic.OptionReply || about != (uint)option || length > MaxReply)
            throw new NbdPeerException("answers an option with something else");
        content = _data.AsSpan(0, (int)length);
        return reader.TryTake(_data.AsSpan(0, (int)length)) ? (OptionAnswer)answer : throw Ended();
    }

    private void TakeInfo(ReadOnlySpan<byte> content)
    {
        if (content.Length < 2)
            throw new NbdPeerException("sends an information without a type");
        InfoType type = (InfoType)BinaryPrimitives.ReadUInt16BigEndian(content);
        if (type == InfoType.Export && content.Length >= 12)
        {
            _size = BinaryPrimitives.ReadInt64BigEndian(content[2..]);
            _flags = (TransmissionFlags)BinaryPrimitives.ReadUInt16BigEndian(content[10..]);
        }
        else if (type == InfoType.BlockSize && content.Length >= 14)
        {
            _minimumBlock = BinaryPrimitives.ReadUInt32BigEndian(content[2..]);
            _maxPayload = BinaryPrimitives.ReadUInt32BigEndian(content[10..]);
        }
    }

    private void TakeContext(ReadOnlySpan<byte> content)
    {
        if (content.Length > 4 && content[4..].SequenceEqual("base:allocation"u8))
            _allocation = BinaryPrimitives.ReadUInt32BigEndian(content);
    }

    private static byte[] Prefixed(byte[] text)
    {
        byte[] bytes = new byte[4 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, text.Length);
        text.CopyTo(bytes, 4);
        return bytes;
    }

    private void SendOption(OptionCode option, ReadOnlySpan<byte> data)
    {
        byte[] message = new byte[Limits.OptionHeader + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(message, Magic.Option);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), (uint)option);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(12), data.Length);
        data.CopyTo(message.AsSpan(Limits.OptionHeader));
        if (!socket.Send(message))
            throw Ended();
    }

    private void SendUInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        if (!socket.Send(bytes))
            throw Ended();
    }

    private static NbdPeerException Ended() => new("closed the connection during the handshake");

    private static string Refusal(OptionAnswer answer, string export) => answer switch
    {
        OptionAnswer.Unknown => $"has no export \"{export}\"; list its exports with: nbdinfo --list",
        OptionAnswer.TlsRequired => "wants TLS, which is not supported",
        OptionAnswer.Policy => $"does not let us use export \"{export}\"",
        OptionAnswer.Shutdown => "is shutting down",
        OptionAnswer.BlockSizeRequired => "wants requests in blocks of a size that it did not tell",
        _ => $"refuses export \"{export}\" (answer 0x{(uint)answer:x8})",
    };
}
