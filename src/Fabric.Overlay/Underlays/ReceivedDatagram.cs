using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

/// <summary>What came in by an underlay: a UDP datagram's payload, or the payloads of several that came one behind the other from one
/// sender.</summary>
public readonly unsafe struct ReceivedDatagram
{
    private readonly byte* _data;

    /// <summary>A datagram, or a train.</summary>
    /// <param name="source">Who sent it.</param>
    /// <param name="data">First byte; stays valid during the call.</param>
    /// <param name="length">Bytes of all payloads together.</param>
    /// <param name="segment">Bytes of each payload but the last, which may be shorter; 0 for a lone datagram.</param>
    /// <param name="sourcePort">UDP port it was sent from; 0 where that is not known.</param>
    public ReceivedDatagram(IpAddress source, byte* data, int length, int segment = 0, ushort sourcePort = 0)
    {
        Source = source;
        SourcePort = sourcePort;
        _data = data;
        Length = length;
        Segment = segment > 0 && segment < length ? segment : length;
    }

    /// <summary>Who sent it, as the outer IP header says.</summary>
    public IpAddress Source { get; }

    /// <summary>UDP port it was sent from; 0 where that is not known.</summary>
    public ushort SourcePort { get; }

    /// <summary>Bytes of all payloads together.</summary>
    public int Length { get; }

    /// <summary>Bytes of each payload but the last, which may be shorter; <see cref="Length"/> for a lone datagram.</summary>
    public int Segment { get; }

    /// <summary>The first byte, in memory that only the underlay writes, and not during the call.</summary>
    internal byte* Data => _data;
}
