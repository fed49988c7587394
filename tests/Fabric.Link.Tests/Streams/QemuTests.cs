using System.Diagnostics;
using System.Net.Sockets;
using Fabric.Link.Streams;
using Fabric.TestKit;
using Fabric.TestKit.Link;

namespace Fabric.Link.Tests.Streams;

/// <summary>QEMU as a hub without a guest: what goes in at one of its back ends comes out at the other.</summary>
public sealed class QemuTests : IDisposable
{
    private const string Qemu = "qemu-system-riscv64";
    private readonly string _folder = Directory.CreateTempSubdirectory("fabric-qemu").FullName;

    [SkippableTheory]
    [InlineData("stream,id=x,server=off,addr.type=unix,addr.path={0}")]
    [InlineData("socket,id=x,connect=127.0.0.1:{1}")]
    public void FramesPassThroughQemuBothWays(string netdev)
    {
        Skip.IfNot(Find(Qemu), $"{Qemu} is not installed (package qemu-system-misc)");
        bool overTcp = netdev.Contains("{1}", StringComparison.Ordinal);
        using StreamPort stream = StreamPort.Listen(
            "stream", overTcp ? new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(At("stream")), TimeProvider.System);
        using DatagramPort datagram = DatagramPort.Open("datagram", new UnixDomainSocketEndPoint(At("ours")), new UnixDomainSocketEndPoint(At("theirs")));
        string first = string.Format(System.Globalization.CultureInfo.InvariantCulture, netdev, At("stream"), (stream.Listening as System.Net.IPEndPoint)?.Port);
        string second = $"dgram,id=y,local.type=unix,local.path={At("theirs")},remote.type=unix,remote.path={At("ours")}";
        using Process qemu = Start(
            "-machine", "none", "-nodefaults", "-display", "none", "-netdev", first, "-netdev", second,
            "-netdev", "hubport,id=h1,hubid=0,netdev=x", "-netdev", "hubport,id=h2,hubid=0,netdev=y");
        try
        {
            new LinkState(stream).WaitFor(up: true);
            using PortWorker worker = new("test");
            Recorder atStream = new();
            Recorder atDatagram = new();
            worker.Add(stream, atStream);
            worker.Add(datagram, atDatagram);
            Random random = new(TestSeed.Seed);
            for (int i = 0; i < 200; i++)
            {
                byte[] frame = new byte[random.Next(60, 9000)];
                random.NextBytes(frame);
                Assert.Equal(1, stream.Send(frame));
                Assert.Equal(frame, atDatagram.WaitFor(i + 1)[i]);
                Assert.Equal(1, datagram.Send(frame));
                Assert.Equal(frame, atStream.WaitFor(i + 1)[i]);
            }
        }
        finally
        {
            qemu.Kill();
            qemu.WaitForExit();
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Qemu, arguments))!;

    private string At(string name) => Path.Combine(_folder, name);
}
