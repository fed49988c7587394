namespace Fabric.Hosts.Tcp;

/// <summary>Comparison of numbers that wrap around (RFC 9293, 3.4).</summary>
internal static class SequenceNumber
{
    internal static bool IsBefore(uint left, uint right) => (int)(left - right) < 0;

    internal static bool IsAfter(uint left, uint right) => (int)(left - right) > 0;
}
