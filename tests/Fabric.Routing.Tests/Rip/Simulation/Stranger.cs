using System.Buffers.Binary;
using Fabric.Routing.Protocols;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>Somebody on a segment who says whatever a test wants, in bytes of the test's own making.</summary>
internal sealed class Stranger
{
    private readonly Network _network;
    private readonly SimulatedRouter _router;

    internal Stranger(Network network, Segment segment, string addresses)
    {
        _network = network;
        _router = new SimulatedRouter(network, "stranger", new Random(1));
        segment.Attach(_router, addresses);
    }

    internal string Name => _router.Name;

    /// <summary>An entry of version 2 (or 1, where mask and next hop are left out).</summary>
    internal static byte[] Entry(string prefix, uint metric, string nextHop = "0.0.0.0", ushort tag = 0, ushort family = 2, uint? mask = null)
    {
        byte[] entry = new byte[20];
        int slash = prefix.IndexOf('/', StringComparison.Ordinal);
        int length = slash < 0 ? 0 : int.Parse(prefix.AsSpan(slash + 1));
        BinaryPrimitives.WriteUInt16BigEndian(entry, family);
        BinaryPrimitives.WriteUInt16BigEndian(entry.AsSpan(2), tag);
        Network.Address(slash < 0 ? prefix : prefix[..slash]).CopyTo(entry.AsSpan(4));
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(8), mask ?? (length == 0 ? 0 : uint.MaxValue << (32 - length)));
        Network.Address(nextHop).CopyTo(entry.AsSpan(12));
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(16), metric);
        return entry;
    }

    internal static byte[] EntryNg(string address, int length, byte metric, ushort tag = 0)
    {
        byte[] entry = new byte[20];
        Network.Address(address).CopyTo(entry);
        BinaryPrimitives.WriteUInt16BigEndian(entry.AsSpan(16), tag);
        entry[18] = (byte)length;
        entry[19] = metric;
        return entry;
    }

    /// <summary>Sends header and entries, and lets them arrive.</summary>
    internal void Say(byte command, byte version, byte[][] entries, string source, string destination = "224.0.0.9", ushort port = 520, ushort unused = 0) =>
        SayBytes([command, version, (byte)(unused >> 8), (byte)unused, .. entries.SelectMany(entry => entry)], source, destination, port);

    internal void Respond(string source, params byte[][] entries) => Say(2, 2, entries, source);

    internal void RespondNg(string source, params byte[][] entries) =>
        SayBytes([2, 1, 0, 0, .. entries.SelectMany(entry => entry)], source, "ff02::9", 521, 521);

    internal void SayBytes(byte[] payload, string source, string destination = "224.0.0.9", ushort port = 520, ushort to = 520, byte hopLimit = 255)
    {
        _router.Send(new Datagram(0, Network.Address(source), port, Network.Address(destination), to, hopLimit, payload));
        _network.RunFor(0.01);
    }
}
