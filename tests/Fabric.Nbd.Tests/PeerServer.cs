using System.Diagnostics;

namespace Fabric.Nbd.Tests;

/// <summary>Somebody else's server on a unix socket, ended with the test.</summary>
internal sealed class PeerServer : IDisposable
{
    private readonly Process _process;

    private PeerServer(string socket, string program, params string[] arguments)
    {
        SocketPath = socket;
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        SpinWait.SpinUntil(() => File.Exists(socket) || _process.HasExited);
        Assert.True(!_process.HasExited, _process.HasExited ? _process.StandardError.ReadToEnd() : "");
    }

    public string SocketPath { get; }

    public string Uri => $"nbd+unix:///?socket={SocketPath}";

    public static PeerServer QemuNbd(string image, string format, params string[] more)
    {
        Tools.Need("qemu-nbd");
        string socket = image + ".sock";
        File.Delete(socket);
        return new PeerServer(socket, "qemu-nbd", ["-t", "-e", "8", "-f", format, "-k", socket, .. more, image]);
    }

    public static PeerServer Nbdkit(string socket, params string[] plugin)
    {
        Tools.Need("nbdkit");
        return new PeerServer(socket, "nbdkit", ["-f", "-U", socket, .. plugin]);
    }

    /// <summary>Ends it at once, as a crash would.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
