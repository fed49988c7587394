using System.Diagnostics;
using System.Globalization;

namespace Fabric.Interop.Tests.Peers;

/// <summary>FRRouting inside a namespace: zebra, staticd, ripd and ripngd with a folder of their own; nothing of the host's is
/// touched. It ends with this object.</summary>
internal sealed class FrrRouter : IDisposable
{
    private const string Programs = "/usr/lib/frr";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"fabric-frr-{Guid.NewGuid():N}");
    private readonly List<string> _started = [];

    /// <summary>Starts the daemons.</summary>
    /// <param name="space">Where; its interfaces are there and up.</param>
    /// <param name="configurations">Configuration of each daemon by its name, such as <c>ripd</c>; zebra is always started.</param>
    public FrrRouter(TestNamespace space, params (string Daemon, string Text)[] configurations)
    {
        Skip.IfNot(File.Exists(Path.Combine(Programs, "ripd")), "ripd is not installed (apt-get install frr)");
        HostTool.Need("vtysh", "frr");
        Directory.CreateDirectory(_folder);
        // The daemons give up root and become the user frr.
        HostTool.Expect("chown", "frr:frr", _folder);
        try
        {
            Start(space, "zebra", configurations.FirstOrDefault(item => item.Daemon == "zebra").Text ?? "");
            HostTool.Await("zebra's socket", 30, () => File.Exists($"{_folder}/zserv.api") ? null : "is not there");
            foreach ((string daemon, string text) in configurations.Where(item => item.Daemon != "zebra"))
                Start(space, daemon, text);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Asks with a command of the shell, such as <c>show ip rip</c>.</summary>
    public string Show(string command) => HostTool.ExpectOutput("vtysh", "--vty_socket", _folder, "-c", command);

    /// <summary>Changes the running configuration: commands after <c>configure terminal</c>.</summary>
    public string Configure(params string[] commands) =>
        HostTool.Expect(["vtysh", "--vty_socket", _folder, "-c", "configure terminal", .. commands.SelectMany(command => (string[])["-c", command])]);

    /// <summary>What the daemons have logged, for messages.</summary>
    public string Log => string.Join('\n', Directory.EnumerateFiles(_folder, "*.log").SelectMany(File.ReadLines));

    public void Dispose()
    {
        _started.Reverse();
        foreach (string daemon in _started)
        {
            if (!int.TryParse(File.ReadAllText($"{_folder}/{daemon}.pid").Trim(), CultureInfo.InvariantCulture, out int id))
                continue;
            HostTool.Run("kill", "-TERM", $"{id}");
            Assert.True(SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{id}"), TimeSpan.FromSeconds(30)), $"{daemon} does not end");
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void Start(TestNamespace space, string daemon, string text)
    {
        File.WriteAllText($"{_folder}/{daemon}.conf", $"hostname peer\n{text}\n");
        using Process process = HostTool.Start(
            "ip", "netns", "exec", space.Name, $"{Programs}/{daemon}", "-d", "-f", $"{_folder}/{daemon}.conf", "-i", $"{_folder}/{daemon}.pid",
            "-z", $"{_folder}/zserv.api", "--vty_socket", _folder, "-P", "0", "--log", $"file:{_folder}/{daemon}.log");
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{daemon} answered {process.ExitCode}: {process.StandardError.ReadToEnd()}");
        _started.Add(daemon);
        HostTool.Await($"{daemon}'s socket", 30, () => File.Exists($"{_folder}/{daemon}.vty") ? null : "is not there");
    }
}
