using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>The pings that a host has under way.</summary>
internal sealed class PingClients(HostStack stack) : Timed
{
    private const int MaxRuns = 1024;
    private const byte FragmentationNeeded = 4;
    private List<PingRun>? _runs;

    internal Task<PingResult> Start(IpAddress destination, PingOptions options)
    {
        _runs ??= [];
        if (_runs.Count >= MaxRuns)
            throw new HostException($"host '{stack.Options.Name}' has {MaxRuns} pings under way; wait for some to end");
        ushort identifier = (ushort)stack.Random.Next(1 << 16);
        while (Find(identifier) is not null)
            identifier++;
        PingRun run = new(stack, destination, options, identifier);
        _runs.Add(run);
        Advance();
        return run.Done;
    }

    internal void AcceptReply(in Packet packet, in IcmpView icmp)
    {
        if (Find(icmp.Identifier) is not { } run || run.Destination.IsV4 != packet.Source.IsV4)
        {
            stack.Drop(HostDrop.StrayAnswer);
            return;
        }

        run.AcceptReply(in packet, in icmp);
        Advance();
    }

    /// <summary>An error about a packet of ours.</summary>
    /// <returns>False when it was about no echo of a ping.</returns>
    internal bool AcceptError(in Packet packet, in IcmpView icmp, in QuotedPacket quoted)
    {
        bool v4 = packet.Source.IsV4;
        bool echo = v4
            ? quoted.Protocol == IpProtocol.Icmp && quoted.Transport[0] == (byte)IcmpType.Echo
            : quoted.Protocol == IpProtocol.IcmpV6 && quoted.Transport[0] == (byte)Icmpv6Type.EchoRequest;
        if (!echo || !IcmpView.TryParse(quoted.Transport, out IcmpView sent))
            return false;
        if (Find(sent.Identifier) is not { } run || run.Destination != quoted.Destination || !run.AcceptError(in packet, sent.SequenceNumber, OutcomeOf(in icmp, v4)))
            return false;
        Advance();
        return true;
    }

    /// <summary>A station on the link did not answer while packets waited for it.</summary>
    internal void NeighborFailed(IpAddress address)
    {
        foreach (PingRun run in _runs ?? [])
        {
            if (run.Destination == address || (stack.Addresses.TryNextHop(run.Destination, out IpAddress hop) && hop == address))
                run.Unreachable();
        }

        Schedule(stack.Now);
    }

    internal void Stop()
    {
        foreach (PingRun run in _runs ?? [])
            run.Stop();
        _runs = null;
    }

    protected override void Tick() => Advance();

    private static PingOutcome OutcomeOf(in IcmpView icmp, bool v4) => (v4, icmp.Type, icmp.TypeV6) switch
    {
        (true, IcmpType.TimeExceeded, _) or (false, _, Icmpv6Type.TimeExceeded) => PingOutcome.TimeExceeded,
        (true, IcmpType.DestinationUnreachable, _) when icmp.Code == FragmentationNeeded => PingOutcome.TooBig,
        (false, _, Icmpv6Type.PacketTooBig) => PingOutcome.TooBig,
        _ => PingOutcome.Unreachable,
    };

    private PingRun? Find(ushort identifier)
    {
        if (_runs is null)
            return null;
        foreach (PingRun run in _runs)
        {
            if (run.Identifier == identifier)
                return run;
        }

        return null;
    }

    private void Advance()
    {
        for (int i = (_runs?.Count ?? 0) - 1; i >= 0; i--)
        {
            long next = _runs![i].Advance();
            if (next == Never)
                _runs.RemoveAt(i);
            else
                Schedule(next);
        }
    }
}
