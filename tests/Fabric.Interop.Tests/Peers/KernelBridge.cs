namespace Fabric.Interop.Tests.Peers;

/// <summary>The host's own bridge inside a namespace; it speaks STP alone.</summary>
internal sealed class KernelBridge
{
    private readonly TestNamespace _space;
    private readonly string _name;

    public KernelBridge(TestNamespace space, string name, int priority)
    {
        _space = space;
        _name = name;
        (int code, string output) = HostTool.Run("ip", "-n", space.Name, "link", "add", name, "type", "bridge");
        Skip.If(code != 0, $"this host has no bridge: {output}");
        // Times are in hundredths of a second.
        space.Ip("link", "set", name, "type", "bridge", "stp_state", "1", "forward_delay", "400", "hello_time", "100", "max_age", "600", "priority", $"{priority}");
        space.Ip("link", "set", name, "up");
    }

    public void Add(string port, int cost)
    {
        _space.Ip("link", "set", port, "master", _name);
        _space.Ip("link", "set", port, "type", "bridge_slave", "cost", $"{cost}");
    }

    /// <summary>The root bridge that a port has heard of: priority in hexadecimal, a dot, the address without leading zeros.</summary>
    public string DesignatedRoot(string port) => WordAfter("designated_root", port);

    /// <summary>The state of a port, such as "forwarding" or "blocking".</summary>
    public string StateOf(string port) => WordAfter("bridge_slave state", port);

    private string WordAfter(string what, string link)
    {
        string shown = _space.Ip("-d", "link", "show", link);
        int at = shown.IndexOf(what + " ", StringComparison.Ordinal);
        return at < 0 ? "absent" : shown[(at + what.Length + 1)..].Split([' ', '\n'])[0];
    }
}
