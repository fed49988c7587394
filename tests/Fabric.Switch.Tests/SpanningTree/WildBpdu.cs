using Fabric.Switch.SpanningTree;
using Fabric.Wire;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>BPDUs as nobody should send them.</summary>
internal static class WildBpdu
{
    /// <summary>Writes one: made up from plausible parts, then now and then bent or cut.</summary>
    /// <returns>Bytes of the frame.</returns>
    internal static int Write(Random random, Span<byte> frame, BridgeId known)
    {
        ulong Identifier() => random.Next(3) == 0 ? known.Value : (ulong)random.NextInt64();
        ushort Time() => (ushort)(random.Next(3) == 0 ? random.Next(65536) : random.Next(25) * 256);
        BpduContent content = new(
            (BpduFlags)random.Next(256),
            Identifier(),
            random.Next(3) == 0 ? (uint)random.NextInt64() : (uint)random.Next(5) * 2000,
            Identifier(),
            (ushort)(random.Next(2) == 0 ? 0x8000 + random.Next(4) : random.Next(65536)),
            Time(),
            Time(),
            Time(),
            Time());
        MacAddress source = MacAddress.FromBits((ulong)random.NextInt64());
        frame.Clear();
        int kind = random.Next(3);
        if (kind == 0)
            BpduWriter.WriteTopologyChange(frame, source);
        else if (kind == 1)
            BpduWriter.WriteConfiguration(frame, source, content);
        else
            BpduWriter.WriteRapid(frame, source, content);
        for (int bends = random.Next(4) == 0 ? random.Next(4) : 0; bends > 0; bends--)
            frame[random.Next(12, 60)] = (byte)random.Next(256);
        return random.Next(8) == 0 ? random.Next(14, frame.Length) : BpduWriter.FrameLength;
    }
}
