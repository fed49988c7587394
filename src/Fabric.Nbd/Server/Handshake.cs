using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>The server's side of the fixed newstyle handshake (proto.md, "Fixed newstyle negotiation" and "Option types").</summary>
/// <remarks>The server greets, the client answers with flags and then sends options; each is answered, until EXPORT_NAME or GO chooses
/// an export or ABORT ends it. An option is read completely before it is looked at; what its content claims about
/// lengths is checked against what is there. One client, one call; not thread-safe.</remarks>
internal sealed class Handshake(PipeReader input, PipeWriter output, IReadOnlyList<NbdExport> exports)
{
    private const int ExportNamePadding = 124;
    private HandshakeFlags _client;
    private bool _structured;
    private string? _contextExport;
    private bool _allocation;

    /// <summary>Negotiates.</summary>
    /// <returns>What the client chose, or null when it went away in order.</returns>
    /// <exception cref="NbdProtocolException">The client broke the protocol.</exception>
    internal async ValueTask<Negotiated?> RunAsync(CancellationToken cancel = default)
    {
        Greet();
        await output.FlushAsync(cancel);
        _client = (HandshakeFlags)BinaryPrimitives.ReadUInt32BigEndian((await TakeAsync(4, cancel)).Span);
        if ((_client & ~(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes)) != 0)
            throw new NbdProtocolException($"the client sets unknown handshake flags 0x{(uint)_client:x}");
        for (int i = 0; i < Limits.MaxOptions; i++)
        {
            ReadOnlyMemory<byte> header = await TakeAsync(Limits.OptionHeader, cancel);
            if (BinaryPrimitives.ReadUInt64BigEndian(header.Span) != Magic.Option)
                throw new NbdProtocolException("an option does not begin with IHAVEOPT");
            OptionCode option = (OptionCode)BinaryPrimitives.ReadUInt32BigEndian(header.Span[8..]);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(header.Span[12..]);
            if (length > Limits.MaxOption)
            {
                await SkipAsync(option, length, cancel);
                continue;
            }

            ReadOnlyMemory<byte> data = await TakeAsync((int)length, cancel);
            bool ended = Answer(option, data.Span, out Negotiated? chosen);
            await output.FlushAsync(cancel);
            if (ended)
                return chosen;
        }

        throw new NbdProtocolException($"the client sent more than {Limits.MaxOptions} options");
    }

    private void Greet()
    {
        Span<byte> greeting = output.GetSpan(18);
        BinaryPrimitives.WriteUInt64BigEndian(greeting, Magic.Greeting);
        BinaryPrimitives.WriteUInt64BigEndian(greeting[8..], Magic.Option);
        BinaryPrimitives.WriteUInt16BigEndian(greeting[16..], (ushort)(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes));
        output.Advance(18);
    }

    private async ValueTask<ReadOnlyMemory<byte>> TakeAsync(int count, CancellationToken cancel)
    {
        if (count == 0)
            return default;
        ReadResult result = await input.ReadAtLeastAsync(count, cancel);
        if (result.Buffer.Length < count)
            throw new NbdProtocolException("the connection ended during the handshake");
        byte[] bytes = result.Buffer.Slice(0, count).ToArray();
        input.AdvanceTo(result.Buffer.GetPosition(count));
        return bytes;
    }

    private async ValueTask SkipAsync(OptionCode option, uint length, CancellationToken cancel)
    {
        if (length > Limits.MaxSkippedOption || option == OptionCode.ExportName)
            throw new NbdProtocolException($"option {(uint)option} has {length} bytes");
        for (long left = length; left > 0;)
        {
            ReadResult result = await input.ReadAsync(cancel);
            if (result.Buffer.IsEmpty && result.IsCompleted)
                throw new NbdProtocolException("the connection ended during the handshake");
            long taken = Math.Min(left, result.Buffer.Length);
            input.AdvanceTo(result.Buffer.GetPosition(taken));
            left -= taken;
        }

        Reply(option, OptionAnswer.TooBig, "the option is longer than this server looks at");
        await output.FlushAsync(cancel);
    }

    /// <summary>Answers one option.</summary>
    /// <returns>True when it was the last.</returns>
    private bool Answer(OptionCode option, ReadOnlySpan<byte> data, out Negotiated? chosen)
    {
        chosen = null;
        switch (option)
        {
            case OptionCode.ExportName:
                chosen = ExportName(data);
                return true;
            case OptionCode.Abort:
                Reply(option, OptionAnswer.Ack);
                return true;
            case OptionCode.Info or OptionCode.Go:
                chosen = InfoOrGo(option, data);
                return chosen is not null;
            case OptionCode.List:
                List(data);
                return false;
            case OptionCode.StructuredReply:
                StructuredReply(data);
                return false;
            case OptionCode.ListMetaContext or OptionCode.SetMetaContext:
                MetaContext(option, data);
                return false;
            default:
                Reply(option, OptionAnswer.Unsupported, "this server does not know the option");
                return false;
        }
    }

    // There is no way to answer an error: proto.md has the server close the connection.
    private Negotiated ExportName(ReadOnlySpan<byte> name)
    {
        NbdExport export = Find(name) ?? throw new NbdProtocolException("the client asks for an export that is not there");
        int length = 10 + ((_client & HandshakeFlags.NoZeroes) != 0 ? 0 : ExportNamePadding);
        Span<byte> reply = output.GetSpan(length)[..length];
        reply.Clear();
        BinaryPrimitives.WriteInt64BigEndian(reply, export.Disk.Length);
        BinaryPrimitives.WriteUInt16BigEndian(reply[8..], (ushort)export.FlagsFor(_structured));
        output.Advance(length);
        return Chosen(export);
    }

    private Negotiated? InfoOrGo(OptionCode option, ReadOnlySpan<byte> data)
    {
        if (!TryTakeString(ref data, out ReadOnlySpan<byte> name) || !TryTakeUInt16(ref data, out ushort count) || data.Length != 2 * count)
        {
            Reply(option, OptionAnswer.Invalid, "the option's lengths do not fit together");
            return null;
        }

        if (Find(name) is not { } export)
        {
            Reply(option, OptionAnswer.Unknown, "no such export");
            return null;
        }

        SendExport(option, export);
        SendBlockSize(option, export);
        for (; !data.IsEmpty; data = data[2..])
        {
            InfoType wanted = (InfoType)BinaryPrimitives.ReadUInt16BigEndian(data);
            if (wanted == InfoType.Name)
                SendText(option, wanted, export.Name);
            else if (wanted == InfoType.Description && export.Description is { } description)
                SendText(option, wanted, description);
        }

        Reply(option, OptionAnswer.Ack);
        return option == OptionCode.Go ? Chosen(export) : null;
    }

    // Contexts hold only for the export they were set for.
    private Negotiated Chosen(NbdExport export) => new(export, _structured, _structured && _allocation && Find(_contextExport) == export);

    private void SendExport(OptionCode option, NbdExport export)
    {
        Span<byte> info = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)InfoType.Export);
        BinaryPrimitives.WriteInt64BigEndian(info[2..], export.Disk.Length);
        BinaryPrimitives.WriteUInt16BigEndian(info[10..], (ushort)export.FlagsFor(_structured));
        Reply(option, OptionAnswer.Info, info);
    }

    private void SendBlockSize(OptionCode option, NbdExport export)
    {
        Span<byte> info = stackalloc byte[14];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)InfoType.BlockSize);
        BinaryPrimitives.WriteInt32BigEndian(info[2..], export.MinimumBlock);
        BinaryPrimitives.WriteInt32BigEndian(info[6..], 4096);
        BinaryPrimitives.WriteInt32BigEndian(info[10..], Limits.MaxPayload);
        Reply(option, OptionAnswer.Info, info);
    }

    private void SendText(OptionCode option, InfoType type, string text)
    {
        byte[] info = new byte[2 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)type);
        Encoding.UTF8.GetBytes(text, info.AsSpan(2));
        Reply(option, OptionAnswer.Info, info);
    }

    private void List(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Reply(OptionCode.List, OptionAnswer.Invalid, "LIST has no content");
            return;
        }

        foreach (NbdExport export in exports)
        {
            int name = Encoding.UTF8.GetByteCount(export.Name);
            byte[] entry = new byte[4 + name + Encoding.UTF8.GetByteCount(export.Description ?? "")];
            BinaryPrimitives.WriteInt32BigEndian(entry, name);
            Encoding.UTF8.GetBytes(export.Name, entry.AsSpan(4));
            Encoding.UTF8.GetBytes(export.Description ?? "", entry.AsSpan(4 + name));
            Reply(OptionCode.List, OptionAnswer.Server, entry);
        }

        Reply(OptionCode.List, OptionAnswer.Ack);
    }

    private void StructuredReply(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Reply(OptionCode.StructuredReply, OptionAnswer.Invalid, "STRUCTURED_REPLY has no content");
            return;
        }

        _structured = true;
        Reply(OptionCode.StructuredReply, OptionAnswer.Ack);
    }

    private void MetaContext(OptionCode option, ReadOnlySpan<byte> data)
    {
        bool set = option == OptionCode.SetMetaContext;
        if (set)
            _allocation = false;
        if (!_structured || !TryTakeString(ref data, out ReadOnlySpan<byte> name) || !TryTakeUInt32(ref data, out uint count))
        {
            Reply(option, OptionAnswer.Invalid, _structured ? "the option's lengths do not fit together" : "ask for structured replies first");
            return;
        }

        if (Find(name) is not { } export)
        {
            Reply(option, OptionAnswer.Unknown, "no such export");
            return;
        }

        // A listing without a query asks for everything, a setting without one for nothing.
        bool matched = !set && count == 0;
        for (uint i = 0; i < count; i++)
        {
            if (!TryTakeString(ref data, out ReadOnlySpan<byte> query))
            {
                Reply(option, OptionAnswer.Invalid, "the option's lengths do not fit together");
                return;
            }

            matched |= query.SequenceEqual("base:allocation"u8) || (!set && query.SequenceEqual("base:"u8));
        }

        if (!data.IsEmpty)
        {
            Reply(option, OptionAnswer.Invalid, "the option's lengths do not fit together");
            return;
        }

        if (matched)
            SendContext(option);
        if (set)
            (_allocation, _contextExport) = (matched, export.Name);
        Reply(option, OptionAnswer.Ack);
    }

    private void SendContext(OptionCode option)
    {
        Span<byte> context = stackalloc byte[4 + Limits.AllocationContext.Length];
        BinaryPrimitives.WriteUInt32BigEndian(context, Negotiated.AllocationId);
        Encoding.ASCII.GetBytes(Limits.AllocationContext, context[4..]);
        Reply(option, OptionAnswer.MetaContext, context);
    }

    private NbdExport? Find(ReadOnlySpan<byte> name) => Find(Encoding.UTF8.GetString(name));

    /// <summary>The export of a name; the empty name means the first when none is called so.</summary>
    private NbdExport? Find(string? name)
    {
        foreach (NbdExport export in exports)
            if (export.Name == name)
                return export;
        return name is { Length: 0 } ? exports[0] : null;
    }

    private static bool TryTakeUInt16(ref ReadOnlySpan<byte> data, out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(data, out value))
            return false;
        data = data[2..];
        return true;
    }

    private static bool TryTakeUInt32(ref ReadOnlySpan<byte> data, out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(data, out value))
            return false;
        data = data[4..];
        return true;
    }

    private static bool TryTakeString(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!TryTakeUInt32(ref data, out uint length) || length > Limits.MaxString || length > data.Length)
            return false;
        text = data[..(int)length];
        data = data[(int)length..];
        return true;
    }

    private void Reply(OptionCode option, OptionAnswer answer, string message) => Reply(option, answer, Encoding.UTF8.GetBytes(message));

    private void Reply(OptionCode option, OptionAnswer answer, ReadOnlySpan<byte> data = default)
    {
        Span<byte> reply = output.GetSpan(Limits.OptionReplyHeader + data.Length);
        BinaryPrimitives.WriteUInt64BigEndian(reply, Magic.OptionReply);
        BinaryPrimitives.WriteUInt32BigEndian(reply[8..], (uint)option);
        BinaryPrimitives.WriteUInt32BigEndian(reply[12..], (uint)answer);
        BinaryPrimitives.WriteInt32BigEndian(reply[16..], data.Length);
        data.CopyTo(reply[Limits.OptionReplyHeader..]);
        output.Advance(Limits.OptionReplyHeader + data.Length);
    }
}
