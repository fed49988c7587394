using System.Diagnostics;

namespace Fabric.Interop.Tests.Peers;

/// <summary>Keeps what passes an interface of a namespace (tcpdump), for tshark to read.</summary>
internal sealed class PacketCapture : IDisposable
{
    private static readonly string[] s_checks = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
    private readonly string _file = Path.GetTempFileName();
    private readonly Process _process;
    private bool _stopped;

    /// <summary>Begins; when this returns, everything is seen.</summary>
    /// <param name="space">Namespace of the interface.</param>
    /// <param name="name">Interface.</param>
    /// <param name="filter">What to keep, in tcpdump's words.</param>
    public PacketCapture(TestNamespace space, string name, string filter)
    {
        HostTool.Need("tshark", "tshark");
        HostTool.Need("tcpdump", "tcpdump");
        _process = HostTool.Start("ip", "netns", "exec", space.Name, "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "0", "-i", name, "-w", _file, filter);
        while (_process.StandardError.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
        {
        }
    }

    /// <summary>Ends it, and reads fields. The first time, it holds every packet against its checksums.</summary>
    /// <param name="filter">Which packets, in Wireshark's words.</param>
    /// <param name="fields">Names of fields.</param>
    /// <returns>A line for each packet, its values separated by semicolons.</returns>
    public string[] Read(string filter, params string[] fields)
    {
        if (Stop())
        {
            string bad = HostTool.ExpectOutput(["tshark", "-r", _file, .. s_checks, "-Y", Tshark.Unsound]);
            Assert.True(bad.Length == 0, bad);
        }

        string output = HostTool.ExpectOutput(["tshark", "-r", _file, "-Y", filter, "-T", "fields", "-E", "separator=;", .. fields.SelectMany(field => (string[])["-e", field])]);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose()
    {
        Stop();
        _process.Dispose();
        File.Delete(_file);
    }

    private bool Stop()
    {
        if (_stopped)
            return false;
        _stopped = true;
        HostTool.Expect("kill", "-TERM", $"{_process.Id}");
        _process.WaitForExit();
        return true;
    }
}
