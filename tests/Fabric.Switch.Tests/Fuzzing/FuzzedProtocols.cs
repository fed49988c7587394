using Fabric.Switch.Multicast;

namespace Fabric.Switch.Tests.Fuzzing;

/// <summary>A control protocol and a snooper that do anything, by chance.</summary>
internal sealed class FuzzedProtocols(Random random, ISwitchControl control, WitnessPort[] all) : IControlProtocol, IMulticastSnooper
{
    private static readonly byte[] Own = new byte[60];
    private readonly int[] _some = new int[3];

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
            Set(random.Next(all.Length));
        if (random.Next(8) == 0)
            control.FlushAddresses(random.Next(all.Length + 1));
        if (random.Next(8) == 0)
            control.Transmit(random.Next(all.Length + 1), Own);
        return random.Next(2) == 0;
    }

    public void TopologyChanged()
    {
    }

    public SnoopVerdict Find(int port, int vid, ReadOnlySpan<byte> body, out ReadOnlySpan<int> ports)
    {
        ports = Some();
        return (SnoopVerdict)random.Next(5);
    }

    public SnoopVerdict Receive(int port, int vid, ReadOnlySpan<byte> body, out ReadOnlySpan<int> ports)
    {
        if (random.Next(4) == 0)
            Multicast!.Transmit(random.Next(all.Length + 1), vid, Own);
        if (random.Next(8) == 0)
            Multicast!.Flood(vid, Own);
        ports = Some();
        return random.Next(3) switch { 0 => SnoopVerdict.Flood, 1 => SnoopVerdict.Routers, _ => SnoopVerdict.Invalid };
    }

    public void Tick()
    {
    }

    private ReadOnlySpan<int> Some()
    {
        foreach (ref int port in _some.AsSpan())
            port = random.Next(all.Length);
        return _some.AsSpan(0, random.Next(_some.Length + 1));
    }

    private void Set(int port)
    {
        PortState state = random.Next(2) == 0 ? PortState.Forwarding : (PortState)random.Next(3);
        all[port].State = state;
        control.SetPortState(port, state);
    }
}
