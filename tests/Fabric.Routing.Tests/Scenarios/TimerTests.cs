using Fabric.Routing.Protocols;
using Fabric.Routing.Tests.Kit;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Scenarios;

/// <summary>A router and the timers of the host.</summary>
public sealed class TimerTests
{
    [Theory]
    [InlineData(30)]
    [InlineData(365)]
    [InlineData(36_500)]
    public void What_is_due_in_a_time_longer_than_the_hosts_timers_take_is_waited_for(int days)
    {
        using Router router = new(new RouterOptions { Name = "r" }, TimeProvider.System);
        router.AddProtocol(new FarAway(TimeSpan.FromDays(days)));
        Assert.Empty(router.Interfaces);
        router.AddLoopback(new RouterInterfaceOptions { Name = "lo", Addresses = [RoutedNetwork.Prefix("192.0.2.1/32")] });
        Assert.Single(router.Interfaces);
    }

    /// <summary>Has something to do in a long time.</summary>
    private sealed class FarAway(TimeSpan time) : IRoutingProtocol
    {
        public string Name => "far";

        public ushort Port => 0;

        public long Due { get; private set; } = long.MaxValue;

        public void Start(IProtocolHost host) => Due = host.Now + (time.Ticks * 100);

        public void InterfaceChanged(RouterInterface @interface)
        {
        }

        public void InterfaceRemoved(RouterInterface @interface)
        {
        }

        public void Accept(in Datagram datagram)
        {
        }

        public void Tick() => throw new InvalidOperationException("much too early");

        public void Stop()
        {
        }

        public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
        {
        }
    }
}
