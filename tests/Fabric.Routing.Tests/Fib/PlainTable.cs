using Fabric.Wire;

namespace Fabric.Routing.Tests.Fib;

/// <summary>Prefixes and what they lead to, found by trying each length: the judge of the real table.</summary>
internal sealed class PlainTable
{
    private readonly Dictionary<IpPrefix, int> _values = [];

    internal IReadOnlyCollection<IpPrefix> Prefixes => _values.Keys;

    internal void Put(IpPrefix prefix, int value) => _values[prefix] = value;

    internal bool Remove(IpPrefix prefix) => _values.Remove(prefix);

    internal int? Find(IpAddress destination)
    {
        for (int length = destination.IsV4 ? 32 : 128; length >= 0; length--)
        {
            if (_values.TryGetValue(new IpPrefix(destination, length).Network, out int value))
                return value;
        }

        return null;
    }
}
