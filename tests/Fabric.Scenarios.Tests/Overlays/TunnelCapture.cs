using System.Diagnostics;
using Fabric.Interop.Tests.Peers;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>What passes a cable that tunnels go over, in both directions, and Wireshark's reading of it.</summary>
internal sealed class TunnelCapture : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Process _process;

    public TunnelCapture(TestNamespace space, string cable)
    {
        HostTool.Need("tshark", "tshark");
        HostTool.Need("tcpdump", "tcpdump");
        _process = HostTool.Start("ip", "netns", "exec", space.Name, "tcpdump", "-Z", "root", "-U", "-s", "0", "-B", "65536", "-i", cable, "-w", _file, "udp port 4789");
        while (_process.StandardError.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
        {
        }
    }

    /// <summary>Ends it, and asserts that each packet is of the segment and sound, outside and inside.</summary>
    /// <returns>Number of packets.</returns>
    public int Judge(int vni)
    {
        End();
        string[] reading = ["tshark", "-r", _file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE"];
        string[] packets = HostTool.ExpectOutput([.. reading, "-T", "fields", "-e", "vxlan.vni"]).TrimEnd('\n').Split('\n');
        Assert.True(packets.Length > 1000, $"{packets.Length} packets");
        Assert.All(packets, packet => Assert.Equal($"{vni}", packet));
        string unsound = HostTool.ExpectOutput([.. reading, "-V", "-Y", Tshark.Unsound]);
        Assert.True(unsound.Length == 0, unsound);
        return packets.Length;
    }

    public void Dispose()
    {
        End();
        _process.Dispose();
        File.Delete(_file);
    }

    private void End()
    {
        if (_process.HasExited)
            return;
        HostTool.Expect("kill", "-TERM", $"{_process.Id}");
        _process.WaitForExit();
    }
}
