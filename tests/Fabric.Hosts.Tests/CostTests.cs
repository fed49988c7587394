using Fabric.Hosts.Messages;
using Fabric.Hosts.Tests.Kit;
using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Time;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests;

[Collection(RunsAlone.Name)]
public sealed class CostTests
{
    [Fact]
    public void AnIdleHostHoldsNextToNothing()
    {
        const int Hosts = 1000;
        ManualTimeProvider clock = new();
        List<HostPort> ports = new(Hosts);
        Make(ports, clock, 10);
        long before = LiveMemory.Settled();
        Make(ports, clock, Hosts);
        long each = (LiveMemory.Settled() - before) / Hosts;
        Assert.InRange(each, 100, 8 * 1024);
        GC.KeepAlive(ports);
    }

    [Theory]
    [InlineData("10.0.0.2", 64)]
    [InlineData("2001:db8::2", 1400)]
    public void AnAnsweredEchoAllocatesNothing(string address, int size)
    {
        using HostNetwork net = new() { Record = true };
        Host asker = net.Add(1, "10.0.0.1/24", "2001:db8::1/64");
        net.Add(2, "10.0.0.2/24", "2001:db8::2/64");
        net.Await(asker.PingAsync(Address(address), new PingOptions { Count = 1, Size = size }));
        byte[] echo = net.Seen.FindLast(frame => frame.Length > size && frame[5] == 2)!;
        HostPort port = net.Ports[1];
        ClearingSink sink = new();
        Assert.Equal(0, SteadyState.LeastAllocated(500, () =>
        {
            Send(port, echo);
            while (port.Receive(sink) != 0)
            {
            }
        }));
        Assert.True(sink.Frames >= 500);
    }

    private static unsafe void Send(HostPort port, byte[] frame)
    {
        fixed (byte* bytes = frame)
        {
            port.Transmit([new Frame(bytes, frame.Length)]);
        }
    }

    private static void Make(List<HostPort> ports, ManualTimeProvider clock, int count)
    {
        ClearingSink sink = new();
        for (int i = 0; i < count; i++)
        {
            HostPort port = new(new HostOptions { Name = "h", Mac = MacOf(ports.Count + 1), Addresses = [Prefix("10.0.0.1/24"), Prefix("2001:db8::1/64")], EchoServices = true }, clock);
            port.Host.Start();
            while (port.Receive(sink) != 0)
            {
            }

            ports.Add(port);
        }
    }

    private sealed class ClearingSink : IFrameSink
    {
        public int Frames { get; private set; }

        public void Accept(IPort port, ReadOnlySpan<Frame> frames) => Frames += frames.Length;
    }
}
