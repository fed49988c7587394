using System.Diagnostics;
using Fabric.Link.Host;
using Fabric.Link.Taps;
using Fabric.Link.Tests.Host;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests.Taps;

public sealed class TapPortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public void TheInterfaceIsMadeAsAskedAndGoesWithThePort()
    {
        using TestNamespace space = new();
        Assert.True(MacAddress.TryParse("02:00:00:00:00:07", out MacAddress mac));
        Assert.True(InterfaceAddress.TryParse("fd01::5/64", out InterfaceAddress address));
        using (TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = space.Name, Mac = mac, Mtu = 4000, Address = address, Queues = 2 }))
        {
            string link = space.Ip("-d", "addr", "show", "tap0");
            Assert.All(["mtu 4000", "02:00:00:00:00:07", "fd01::5/64", "multi_queue", "vnet_hdr on", "persist off", ",UP,LOWER_UP"], text => Assert.Contains(text, link, StringComparison.Ordinal));
            Assert.True(port.IsUp);
        }

        Assert.DoesNotContain("tap0", space.Ip("link", "show"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void ANamespaceIsFoundByAProcessInIt()
    {
        using TestNamespace space = new();
        using Process inside = HostTool.Start("ip", "netns", "exec", space.Name, "sleep", "600");
        try
        {
            Assert.True(SpinWait.SpinUntil(() => SameNamespace(inside.Id, space.Name), Patience));
            using TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = $"{inside.Id}" });
            Assert.Contains("tap0", space.Ip("link", "show"), StringComparison.Ordinal);
        }
        finally
        {
            inside.Kill();
            inside.WaitForExit();
        }
    }

    [SkippableFact]
    public void APersistentInterfaceIsAttachedToAndStays()
    {
        using TestNamespace space = new();
        foreach (string kind in (string[])["", "multi_queue"])
        {
            space.Ip(["tuntap", "add", "dev", "tap0", "mode", "tap", .. kind.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
            using (TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = space.Name }))
            {
                if (kind.Length == 0)
                    Assert.Contains("another program has it open", Refusal(new TapOptions("tap0") { Namespace = space.Name }), StringComparison.Ordinal);
            }

            Assert.Contains("tap0", space.Ip("link", "show"), StringComparison.Ordinal);
            space.Ip("link", "del", "tap0");
        }
    }

    [SkippableFact]
    public void WhatCannotBeMadeIsExplainedAndLeavesNothing()
    {
        using TestNamespace space = new();
        TapOptions options = new("tap0") { Namespace = space.Name };
        Assert.Contains("make it with: ip netns add no-such", Refusal(options with { Namespace = "no-such" }), StringComparison.Ordinal);
        Assert.Contains("no process 999999999", Refusal(options with { Namespace = "999999999" }), StringComparison.Ordinal);
        Assert.Contains("is no network namespace", Refusal(options with { Namespace = "/dev/null" }), StringComparison.Ordinal);
        Assert.Contains("exists and is no TAP", Refusal(options with { Interface = "lo" }), StringComparison.Ordinal);
        Assert.Contains("no name for an interface", Refusal(options with { Interface = "a/b" }), StringComparison.Ordinal);
        Assert.Contains("given its MTU or MAC", Refusal(options with { Mtu = 1_000_000 }), StringComparison.Ordinal);
        space.Ip("tuntap", "add", "dev", "single", "mode", "tap");
        Assert.Contains("no TAP with many queues", Refusal(options with { Interface = "single", Queues = 2 }), StringComparison.Ordinal);
        Assert.DoesNotContain("tap0", space.Ip("link", "show"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void TheCarrierFollowsTheCable()
    {
        using TestNamespace space = new();
        using TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = space.Name });
        port.SetCarrier(false);
        Assert.False(port.IsUp);
        Assert.Contains("NO-CARRIER", space.Ip("link", "show", "tap0"), StringComparison.Ordinal);
        Assert.Equal(0, port.Send(Ethernet(Broadcast, Station(1))));
        Assert.Equal(1, port.Counters.TransmitDrops(DropReason.LinkDown));
        port.SetCarrier(true);
        Assert.True(port.IsUp);
        Assert.Contains("LOWER_UP", space.Ip("link", "show", "tap0"), StringComparison.Ordinal);
        Assert.Equal(1, port.Send(Ethernet(Broadcast, Station(1))));
    }

    [SkippableFact]
    public void WhatTheHostDoesNotTakeIsCounted()
    {
        using TestNamespace space = new();
        using TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = space.Name, SetUp = false });
        Assert.Equal(0, port.Send(Ethernet(Broadcast, Station(1))));
        Assert.Equal(1, port.Counters.TransmitDrops(DropReason.LinkDown));
        space.Ip("link", "set", "tap0", "up");
        Assert.Equal(1, port.Send(Ethernet(Broadcast, Station(1)), default, 1, 7, 20));
        // More pieces than one call of the host takes from here.
        byte[] longFrame = Ethernet(Broadcast, Station(1), 300);
        Assert.Equal(1, port.Send(longFrame, default, [.. Enumerable.Range(1, 200)]));
        Assert.Equal(0, port.Send(new byte[13]));
        Assert.Equal(1, port.Counters.TransmitDrops(DropReason.Truncated));
        Assert.Equal(0, port.Send(longFrame, new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 290, ChecksumOffset = 200 }));
        Assert.Equal(1, port.Counters.TransmitDrops(DropReason.BadOffload));
        Assert.Contains(" 2 ", space.Ip("-s", "link", "show", "tap0").Split("RX:")[1].Split('\n')[1], StringComparison.Ordinal);
    }

    [SkippableFact]
    public void AnIdleWorkerSleepsAndADeletedInterfaceLetsItSleep()
    {
        using TapPair pair = new();
        pair.LeftSpace.Expect("ping", "-q", "-c", "1", "-W", "20", TapPair.RightV4);
        foreach (TestNamespace space in (TestNamespace[])[pair.LeftSpace, pair.RightSpace])
            space.Expect("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
        Assert.InRange(SleepsInAMoment(pair.Worker), 0, 50);
        pair.LeftSpace.Ip("link", "del", "left");
        Assert.True(SpinWait.SpinUntil(() => !pair.Left.IsUp, Patience));
        Assert.InRange(SleepsInAMoment(pair.Worker), 0, 50);
        Assert.True(pair.Worker.Remove(pair.Left));
    }

    [SkippableFact]
    public void ThePortFollowsItsInterfaceIntoAnotherNamespace()
    {
        using TestNamespace first = new();
        using TestNamespace second = new();
        using TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = first.Name });
        using PortWorker worker = new("follow");
        using CountingSink sink = new(1);
        worker.Add(port, sink);
        Assert.True(port.IsUp);
        first.Ip("link", "set", "tap0", "down");
        Assert.True(SpinWait.SpinUntil(() => !port.IsUp, Patience));
        first.Ip("link", "set", "tap0", "netns", second.Name);
        second.Ip("link", "set", "tap0", "name", "other", "up");
        Assert.True(SpinWait.SpinUntil(() => port.IsUp, Patience));
        second.Ip("link", "set", "other", "down");
        Assert.True(SpinWait.SpinUntil(() => !port.IsUp, Patience));
        Assert.InRange(SleepsInAMoment(worker), 0, 50);
        Assert.True(worker.Remove(port));
    }

    /// <summary>A worker that spun would go round a hundred thousand times in this while.</summary>
    private static long SleepsInAMoment(PortWorker worker)
    {
        long before = worker.Sleeps;
        using ManualResetEventSlim never = new();
        Assert.False(never.Wait(TimeSpan.FromMilliseconds(200)));
        return worker.Sleeps - before;
    }

    private static string Refusal(TapOptions options) => Assert.Throws<LinkException>(() => TapPort.Open("p", options).Dispose()).Message;

    private static bool SameNamespace(int process, string name) =>
        HostTool.Run("ip", "netns", "identify", $"{process}").Output.Trim() == name;
}
