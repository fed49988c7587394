using Fabric.Link;
using Fabric.TestKit.Link;

namespace Fabric.Switch.Tests;

/// <summary>A switch and hosts on cables to it.</summary>
internal sealed class SwitchBench : IDisposable
{
    private readonly List<MemoryLink> _cables = [];

    internal SwitchBench(TimeProvider time, int hosts, SwitchOptions? options = null, FrameOffloads accepts = FrameOffloads.Checksum)
    {
        Switch = new EthernetSwitch("lan", time, options);
        const FrameOffloads All = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Udp | FrameOffloads.Ecn;
        for (int i = 0; i < hosts; i++)
        {
            MemoryLink cable = new($"sw.{i}", $"host.{i}", accepts, All);
            _cables.Add(cable);
            Hosts.Add(cable.Second);
            TapPort tap = new(cable.First);
            Taps.Add(tap);
            Switch.Attach(tap);
        }
    }

    internal EthernetSwitch Switch { get; }

    internal IReadOnlyList<MemoryLink> Cables => _cables;

    /// <summary>The switch's ends.</summary>
    internal List<TapPort> Taps { get; } = [];

    /// <summary>The hosts' ends.</summary>
    internal List<MemoryPort> Hosts { get; } = [];

    /// <summary>Sends a burst from one host and tells what each host then has.</summary>
    internal List<List<byte[]>> Exchange(int host, params byte[][] frames)
    {
        Hosts[host].SendBurst(frames);
        return Pump(host);
    }

    /// <summary>Lets the switch take what one host has sent and tells what each host then has.</summary>
    internal List<List<byte[]>> Pump(int host)
    {
        while (Taps[host].Receive(Switch) != 0)
        {
        }

        return Drain();
    }

    internal List<List<byte[]>> Drain() =>
        [.. Hosts.Select(end => end.ReceiveAll().Select(frame => frame.Bytes).ToList())];

    public void Dispose()
    {
        Switch.Dispose();
        foreach (MemoryLink cable in _cables)
            cable.Dispose();
    }
}
