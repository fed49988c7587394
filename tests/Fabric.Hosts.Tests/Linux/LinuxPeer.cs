using System.Diagnostics;
using System.Net;
using Fabric.Link;
using Fabric.Link.Host;
using Fabric.Link.Taps;

namespace Fabric.Hosts.Tests.Linux;

/// <summary>A host on one end of a TAP whose other end is a real Linux stack in a network namespace of its own.</summary>
internal sealed class LinuxPeer : IDisposable
{
    public const string Interface = "tap0";
    private static int _made;
    private readonly string _space = $"fabhost-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}";
    private readonly TapPort _tap;
    private readonly PortWorker _worker;

    public LinuxPeer(HostOptions options, bool offloads = true, int mtu = 1500)
    {
        Expect("ip", "netns", "add", _space);
        _tap = TapPort.Open("tap", new TapOptions(Interface) { Namespace = _space, Offloads = offloads, Mtu = mtu, Address = new InterfaceAddress(IPAddress.Parse("10.7.0.1"), 24) });
        Inside("sysctl", "-qw", $"net.ipv6.conf.{Interface}.accept_dad=0");
        Inside("ip", "address", "add", "fd07::1/64", "dev", Interface, "nodad");
        Inside("ip", "link", "set", "lo", "up");
        Host = new Host(options with { Mtu = mtu }, _tap, TimeProvider.System);
        _worker = new PortWorker("tap");
        _worker.Add(_tap, Host);
        Host.Start();
    }

    public Host Host { get; }

    /// <summary>Skips where interfaces cannot be made, or a program is missing.</summary>
    public static void Need(string program, string package)
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to make interfaces and namespaces");
        Skip.IfNot(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
        bool found = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
        Skip.IfNot(found, $"{program} is not installed (apt-get install {package})");
    }

    /// <summary>Runs a program in the namespace and expects success.</summary>
    public string Inside(params string[] command) => Expect(["ip", "netns", "exec", _space, .. command]);

    /// <summary>Starts a program in the namespace; the caller ends it.</summary>
    public Process Start(params string[] command) => Launch(["ip", "netns", "exec", _space, .. command]);

    public void Dispose()
    {
        _worker.Dispose();
        Host.Dispose();
        _tap.Dispose();
        Expect("ip", "netns", "delete", _space);
    }

    private static string Expect(params string[] command)
    {
        using Process process = Launch(command);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), $"{string.Join(' ', command)} does not end");
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} answered {process.ExitCode}: {output}{errors.GetAwaiter().GetResult()}");
        return output;
    }

    private static Process Launch(string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
