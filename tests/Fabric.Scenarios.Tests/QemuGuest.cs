using System.Diagnostics;
using System.Net.Sockets;
using Fabric.Vmm.Agent;

namespace Fabric.Scenarios.Tests;

/// <summary>The same Debian guest as the bundled machine's, in QEMU's own, without KVM: its NIC at a stream socket, its agent at another.</summary>
internal sealed class QemuGuest : IAsyncDisposable
{
    internal const string Program = "qemu-system-riscv64";

    private readonly Process _process;
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly GuestAgent _agent;

    private QemuGuest(Process process, Socket socket)
    {
        _process = process;
        _socket = socket;
        _stream = new NetworkStream(socket);
        _agent = new GuestAgent(_stream);
    }

    /// <summary>Boots a guest and waits until its agent answers.</summary>
    /// <param name="folder">For its disk and socket.</param>
    /// <param name="switchSocket">Where the switch listens.</param>
    /// <param name="address">Address of its NIC, with prefix length.</param>
    internal static async Task<QemuGuest> StartAsync(string folder, string switchSocket, string address)
    {
        Images.GuestImage image = new Images.ImageStore().Find("debian-riscv64")!;
        string disk = Path.Combine(folder, "qemu.qcow2");
        string agent = Path.Combine(folder, "agent.sock");
        const string mac = "52:54:00:00:00:77";
        CommandResult made = await Command.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", image.BaseDisk, "-F", "raw", disk], TimeSpan.FromMinutes(1));
        Assert.True(made.Status == 0, made.Error);
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(agent));
        listener.Listen();
        ProcessStartInfo start = new(Program,
        [
            "-machine", "virt", "-m", "512M", "-smp", "1", "-display", "none", "-serial", "null", "-monitor", "none", "-nodefaults",
            "-kernel", image.Kernel, "-initrd", image.Initrd,
            "-append", $"{image.Cmdline} fabric.hostname=quebec fabric.nic={mac},{address}",
            "-drive", $"file={disk},if=none,id=d,format=qcow2", "-device", "virtio-blk-device,drive=d",
            "-netdev", $"stream,id=n,server=off,addr.type=unix,addr.path={switchSocket}", "-device", $"virtio-net-device,netdev=n,mac={mac}",
            "-chardev", $"socket,id=a,path={agent}", "-device", "virtio-serial-device", "-device", $"virtserialport,chardev=a,name={GuestAgent.PortName}",
            "-device", "virtio-rng-device",
        ]);
        Process process = Process.Start(start)!;
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(3));
        QemuGuest guest = new(process, await listener.AcceptAsync(patience.Token));
        await guest._agent.WaitReadyAsync(patience.Token);
        return guest;
    }

    /// <summary>Runs a shell command, which must succeed.</summary>
    /// <returns>Its standard output.</returns>
    internal async Task<string> InGuestAsync(string command)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(3));
        List<byte> output = [];
        List<byte> error = [];
        GuestExit exit = await _agent.ExecAsync(new GuestCommand(["sh", "-c", command]), bytes => Take(output, bytes), bytes => Take(error, bytes), patience.Token);
        string text = System.Text.Encoding.UTF8.GetString([.. output]);
        Assert.True(exit.ShellStatus == 0, $"{command} ended with {exit.ShellStatus}:\n{text}\n{System.Text.Encoding.UTF8.GetString([.. error])}");
        return text;
    }

    private static ValueTask Take(List<byte> into, ReadOnlyMemory<byte> bytes)
    {
        into.AddRange(bytes.Span);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await _agent.DisposeAsync();
        await _stream.DisposeAsync();
        _socket.Dispose();
    }
}
