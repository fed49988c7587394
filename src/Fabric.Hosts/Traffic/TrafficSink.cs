using Fabric.Hosts.Internet;
using Fabric.Hosts.Udp;

namespace Fabric.Hosts.Traffic;

/// <summary>Counts what generators send.</summary>
internal sealed class TrafficSink(HostStack stack) : IUdpListener
{
    /// <summary>UDP port of a sink unless another is chosen: that of discard (RFC 863).</summary>
    internal const ushort DefaultPort = 9;

    internal const int MaxFlows = 4096;

    private readonly LatencyHistogram _latency = new();
    private FlowTally[] _flows = new FlowTally[1];
    private long _received;
    private long _bytes;
    private long _foreign;

    public void Accept(in Packet packet, ushort sourcePort, ReadOnlySpan<byte> payload)
    {
        if (!TrafficHeader.TryRead(payload, out ushort flow, out uint number, out long sentAt) || flow >= MaxFlows)
        {
            _foreign++;
            return;
        }

        if (flow >= _flows.Length)
            Array.Resize(ref _flows, Math.Min(MaxFlows, Math.Max(flow + 1, 2 * _flows.Length)));
        _received++;
        _bytes += payload.Length;
        _flows[flow].Add(number);
        _latency.Add(stack.Now - sentAt);
    }

    internal TrafficReport Report()
    {
        long lost = 0;
        long reordered = 0;
        long duplicates = 0;
        foreach (ref readonly FlowTally flow in _flows.AsSpan())
        {
            lost += flow.Next - flow.Distinct;
            reordered += flow.Reordered;
            duplicates += flow.Duplicates;
        }

        return new TrafficReport(_received, _bytes, lost, reordered, duplicates, _foreign, _latency.Report());
    }
}
