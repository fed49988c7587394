using System.Diagnostics;

namespace Fabric.Interop.Tests.Peers;

/// <summary>Open vSwitch with its user-space datapath, run by hand inside a namespace with a database of its own; nothing of the
/// host's is touched. It ends with this object.</summary>
internal sealed class OpenVswitch : IDisposable
{
    private const string Schema = "/usr/share/openvswitch/vswitch.ovsschema";
    private const string Package = "openvswitch-switch";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"fabric-ovs-{Guid.NewGuid():N}");
    private readonly List<Process> _processes = [];

    public OpenVswitch(TestNamespace space)
    {
        HostTool.Need("ovs-vswitchd", Package);
        HostTool.Need("ovsdb-server", Package);
        Directory.CreateDirectory(_folder);
        string database = Path.Combine(_folder, "conf.db");
        HostTool.Expect("ovsdb-tool", "create", database, Schema);
        Start("db.log", "ovsdb-server", database, $"--remote=punix:{Socket}", $"--unixctl={_folder}/db.ctl", $"--pidfile={_folder}/db.pid");
        HostTool.Await("ovsdb-server's socket", 30, () => File.Exists(Socket) ? null : "is not there");
        Start("vs.log", "ip", "netns", "exec", space.Name, "ovs-vswitchd", $"unix:{Socket}", $"--unixctl={Control}", $"--pidfile={_folder}/vs.pid");
        HostTool.Await("ovs-vswitchd's socket", 30, () => File.Exists(Control) ? null : "is not there");
    }

    private string Socket => Path.Combine(_folder, "db.sock");

    private string Control => Path.Combine(_folder, "vs.ctl");

    /// <summary>Configures it, and waits until it has done so.</summary>
    public string Configure(params string[] arguments) => HostTool.Expect(["ovs-vsctl", $"--db=unix:{Socket}", "--timeout=20", .. arguments]);

    /// <summary>Asks the running switch.</summary>
    public string Ask(params string[] arguments) => HostTool.Expect(["ovs-appctl", "-t", Control, .. arguments]);

    /// <summary>Role and state of a port by <c>rstp/show</c>, such as "Root Forwarding".</summary>
    public string RapidPort(string bridge, string port)
    {
        string show = Ask("rstp/show", bridge);
        foreach (string line in show.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3 && words[0] == port)
                return $"{words[1]} {words[2]}";
        }

        return "absent";
    }

    public void Dispose()
    {
        // The daemon first, by its own process id: it is a child of ip.
        _processes.Reverse();
        foreach (Process process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void Start(string log, params string[] command)
    {
        ProcessStartInfo start = new(command[0], [.. command[1..], $"--log-file={_folder}/{log}", "--verbose=console:off"]);
        // Where it looks for sockets of bridges and writes to.
        foreach (string name in (string[])["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"])
            start.Environment[name] = _folder;
        _processes.Add(Process.Start(start)!);
    }
}
