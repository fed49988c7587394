using Fabric.Switch.Multicast;
using Fabric.Wire;

namespace Fabric.Switch.Tests.Fuzzing;

/// <summary>A control protocol and a snooper that do anything, by chance.</summary>
internal sealed class FuzzedProtocols(Random random, ISwitchControl control, WitnessPort[] ports) : IControlProtocol, IMulticastSnooper
{
    private static readonly byte[] Own = new byte[60];
    private long _allocated;

    internal IMulticastControl? Multicast { get; set; }

    public void PortAdded(int port, bool isUp)
    {
    }

    public void PortAdded(int port)
    {
    }

    public void PortRemoved(int port)
    {
    }

    public void LinkChanged(int port, bool isUp)
    {
    }

    public bool TryReceive(int port, ReadOnlySpan<byte> frame)
    {
        if (random.Next(8) == 0)
            Set(random.Next(ports.Length));
        if (random.Next(8) == 0)
            control.FlushAddresses(random.Next(ports.Length + 1));
        if (random.Next(8) == 0)
            control.Transmit(random.Next(ports.Length + 1), Own);
        return random.Next(2) == 0;
    }

    /// <summary>What the groups took of memory since the last call.</summary>
    internal long TakeAllocated()
    {
        long allocated = _allocated;
        _allocated = 0;
        return allocated;
    }

    public SnoopVerdict Receive(int port, int vid, ReadOnlySpan<byte> frame)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        if (frame[5] < 8)
            Answer(vid, MacAddress.Read(frame));
        _allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        return (SnoopVerdict)random.Next(3);
    }

    private void Answer(int vid, MacAddress group)
    {
        if (random.Next(4) == 0)
            Multicast!.TrySetMembers(vid, group, [random.Next(ports.Length), random.Next(ports.Length)]);
        else if (random.Next(4) == 0)
            Multicast!.RemoveGroup(vid, group);
        else if (random.Next(4) == 0)
            Multicast!.SetRouters(vid, [random.Next(ports.Length)]);
        else if (random.Next(4) == 0)
            Multicast!.Transmit(random.Next(ports.Length + 1), vid, Own);
    }

    public void Tick()
    {
    }

    private void Set(int port)
    {
        PortState state = random.Next(2) == 0 ? PortState.Forwarding : (PortState)random.Next(3);
        ports[port].State = state;
        control.SetPortState(port, state);
    }
}
