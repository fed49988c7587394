namespace Fabric.Wire;

/// <summary>The sources that an IGMPv3 or MLDv2 message lists, as they stand in it.</summary>
public readonly ref struct GroupSources
{
    private readonly ReadOnlySpan<byte> _addresses;
    private readonly int _size;

    internal GroupSources(ReadOnlySpan<byte> addresses, int size)
    {
        _addresses = addresses;
        _size = size;
    }

    /// <summary>How many.</summary>
    public int Count => _size == 0 ? 0 : _addresses.Length / _size;

    /// <summary>One of them.</summary>
    /// <param name="index">From 0.</param>
    public IpAddress this[int index] => _size == 4
        ? IpAddress.ReadV4(_addresses.Slice(4 * index, 4))
        : IpAddress.ReadV6(_addresses.Slice(16 * index, 16));
}
