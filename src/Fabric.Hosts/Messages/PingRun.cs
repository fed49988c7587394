using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>A ping on its way.</summary>
internal sealed class PingRun(HostStack stack, IpAddress destination, PingOptions options, ushort identifier)
{
    private readonly long[] _sentAt = new long[options.Count];
    private readonly PingEcho?[] _echoes = new PingEcho?[options.Count];
    private readonly TaskCompletionSource<PingResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _nextSend = stack.Now;
    private int _sent;
    private int _settled;
    private int _oldest;
    private int _duplicates;

    internal ushort Identifier { get; } = identifier;

    internal IpAddress Destination { get; } = destination;

    internal Task<PingResult> Done => _done.Task;

    /// <summary>Sends what is due and gives up on what has taken too long.</summary>
    /// <returns>When to be called again; <see cref="Timed.Never"/> when all is over.</returns>
    internal long Advance()
    {
        while (_sent < options.Count && _nextSend <= stack.Now)
        {
            Send();
            _nextSend += Nanoseconds.From(options.Interval);
        }

        long timeout = Nanoseconds.From(options.Timeout);
        while (_oldest < _sent && (_echoes[_oldest] is not null || _sentAt[_oldest] + timeout <= stack.Now))
            Settle(_oldest++, PingOutcome.TimedOut, Destination, 0);
        if (_settled == options.Count)
        {
            _done.TrySetResult(new PingResult(Destination, [.. _echoes.Select(echo => echo!)], _duplicates));
            return Timed.Never;
        }

        long expiry = _oldest < _sent ? _sentAt[_oldest] + timeout : Timed.Never;
        return Math.Min(expiry, _sent < options.Count ? _nextSend : Timed.Never);
    }

    /// <summary>An answer with our identifier.</summary>
    internal void AcceptReply(in Packet packet, in IcmpView icmp)
    {
        int index = (ushort)(icmp.SequenceNumber - 1);
        if (index >= _sent)
        {
            stack.Drop(HostDrop.StrayAnswer);
        }
        else if (_echoes[index] is not null)
        {
            _duplicates++;
        }
        else
        {
            bool same = icmp.Rest.Length == options.Size && IsPattern(icmp.Rest, icmp.SequenceNumber);
            Settle(index, same ? PingOutcome.Answered : PingOutcome.Corrupted, packet.Source, packet.HopLimit);
            stack.Neighbors.Confirm(packet.Source);
        }
    }

    /// <summary>An error that quotes an echo of ours.</summary>
    internal bool AcceptError(in Packet packet, ushort sequence, PingOutcome outcome)
    {
        int index = (ushort)(sequence - 1);
        if (index >= _sent || _echoes[index] is not null)
            return false;
        Settle(index, outcome, packet.Source, packet.HopLimit);
        return true;
    }

    /// <summary>The next hop does not answer: all that is out is lost.</summary>
    internal void Unreachable()
    {
        for (int i = _oldest; i < _sent; i++)
            Settle(i, PingOutcome.Unreachable, Destination, 0);
    }

    internal void Stop() => _done.TrySetException(new ObjectDisposedException(nameof(Host), $"host '{stack.Options.Name}' stopped while it pinged {Destination}"));

    private void Send()
    {
        int index = _sent++;
        ushort sequence = (ushort)_sent;
        _sentAt[index] = stack.Now;
        IpAddress source = options.Source ?? default;
        if (options.Source is null && !stack.Addresses.TrySource(Destination, out source))
        {
            Settle(index, PingOutcome.NotSent, Destination, 0);
            stack.Drop(HostDrop.NoRoute);
            return;
        }

        Span<byte> message = PacketOutput.Transport[..(IcmpView.HeaderLength + options.Size)];
        WritePattern(message[IcmpView.HeaderLength..], sequence);
        byte type = Destination.IsV4 ? (byte)IcmpType.Echo : (byte)Icmpv6Type.EchoRequest;
        IcmpView.WriteHeader(message, type, 0, ((uint)Identifier << 16) | sequence);
        IpProtocol protocol = Destination.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6;
        if (!stack.Output.Send(source, Destination, protocol, message.Length, (byte)options.HopLimit, options.DontFragment))
            Settle(index, PingOutcome.NotSent, Destination, 0);
    }

    private void Settle(int index, PingOutcome outcome, IpAddress from, int hopLimit)
    {
        if (_echoes[index] is not null)
            return;
        _settled++;
        TimeSpan trip = outcome is PingOutcome.TimedOut or PingOutcome.NotSent ? TimeSpan.Zero : Nanoseconds.ToTimeSpan(stack.Now - _sentAt[index]);
        _echoes[index] = new PingEcho(index + 1, outcome, trip, from, hopLimit);
    }

    private static void WritePattern(Span<byte> data, ushort sequence)
    {
        for (int i = 0; i < data.Length; i++)
            data[i] = Pattern(i, sequence);
    }

    private static bool IsPattern(ReadOnlySpan<byte> data, ushort sequence)
    {
        for (int i = 0; i < data.Length; i++)
        {
            if (data[i] != Pattern(i, sequence))
                return false;
        }

        return true;
    }

    /// <summary>Differs between neighbouring bytes, between 256-byte blocks and between echoes, so that moved data shows.</summary>
    private static byte Pattern(int index, ushort sequence) => (byte)(index + ((index >> 8) * 29) + (sequence * 101));
}
