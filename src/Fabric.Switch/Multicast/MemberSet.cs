namespace Fabric.Switch.Multicast;

/// <summary>A set of ports by number.</summary>
internal sealed class MemberSet
{
    private ulong[] _bits = [];

    internal bool Contains(int port) => (port >> 6) < _bits.Length && (_bits[port >> 6] >> port & 1) != 0;

    internal void Set(ReadOnlySpan<int> ports)
    {
        Array.Clear(_bits);
        foreach (int port in ports)
        {
            if ((port >> 6) >= _bits.Length)
                Array.Resize(ref _bits, (port >> 6) + 1);
            _bits[port >> 6] |= 1UL << port;
        }
    }
}
