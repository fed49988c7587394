using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.TestKit.Overlay;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>VTEPs on one underlay, each flooding to all others in one segment, with a sink that keeps what comes out.</summary>
internal sealed class Mesh : IDisposable
{
    public const int Vni = 100;

    public Mesh(int count, SegmentOptions? options = null, VtepOptions? common = null, int? seed = null)
    {
        Network = new MemoryNetwork(Clock, seed ?? 1);
        for (int i = 0; i < count; i++)
        {
            Underlays.Add(Network.Attach(Address(i)));
            Vteps.Add(new Vtep($"v{i}", Underlays[i], Clock, common));
            Ports.Add(Vteps[i].AddSegment(Vni, $"v{i}.blue", options));
            Sinks.Add(new RecordingSink());
            Ports[i].DeliverTo(Sinks[i]);
        }

        for (int i = 0; i < count; i++)
        {
            for (int other = 0; other < count; other++)
            {
                if (other != i)
                    Vteps[i].AddRemote(Ports[i], Address(other));
            }
        }
    }

    public ManualTimeProvider Clock { get; } = new();

    public MemoryNetwork Network { get; }

    public List<MemoryUnderlay> Underlays { get; } = [];

    public List<Vtep> Vteps { get; } = [];

    public List<VxlanPort> Ports { get; } = [];

    public List<RecordingSink> Sinks { get; } = [];

    public static IpAddress Address(int number) => IpAddress.FromV4(0x0A00_0001 + (uint)number);

    /// <summary>Sends a frame into the tunnel at one VTEP, and lets everything arrive.</summary>
    public void Send(int from, byte[] frame, FrameOffload offload = default)
    {
        Ports[from].Send(frame, offload);
        Settle();
    }

    public void Settle()
    {
        bool any;
        do
        {
            any = false;
            foreach (Vtep vtep in Vteps)
                any |= vtep.Receiver.Receive(vtep.Receiver) != 0;
        }
        while (any);
    }

    /// <summary>Number of frames that came out at each VTEP since the last call.</summary>
    public int[] TakeCounts()
    {
        int[] counts = [.. Sinks.Select(sink => sink.Frames.Count)];
        foreach (RecordingSink sink in Sinks)
            sink.Frames.Clear();
        return counts;
    }

    public void Dispose()
    {
        foreach (Vtep vtep in Vteps)
            vtep.Dispose();
    }
}
