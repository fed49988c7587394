using System.Diagnostics.CodeAnalysis;

namespace Fabric.Routing.Fib;

/// <summary>The entries of a table, numbered from 1; equal ones are one.</summary>
internal sealed class EntrySet
{
    private readonly Dictionary<Value, uint> _numbers = [];
    private readonly List<uint> _retired = [];
    private readonly Stack<uint> _free = [];
    private int[] _uses = new int[4];
    private ForwardingEntry?[] _items = new ForwardingEntry?[4];
    private uint _end = 1;

    /// <summary>By number; null stands at 0.</summary>
    internal ForwardingEntry?[] Items => Volatile.Read(ref _items);

    /// <summary>The number of an entry, which is used once more.</summary>
    internal uint Acquire(RouteKind kind, NextHop[] nextHops)
    {
        Value value = new(kind, nextHops);
        if (!_numbers.TryGetValue(value, out uint number))
        {
            number = Allocate();
            _items[number] = new ForwardingEntry(kind, nextHops);
            _numbers.Add(value, number);
        }

        _uses[number]++;
        return number;
    }

    /// <summary>An entry is used once less. Its object stays for readers until <see cref="Recycle"/>.</summary>
    internal void Release(uint number)
    {
        if (number == 0 || --_uses[number] > 0)
            return;
        ForwardingEntry entry = _items[number]!;
        _numbers.Remove(new Value(entry.Kind, entry.NextHops));
        _retired.Add(number);
    }

    /// <summary>Makes retired numbers free.</summary>
    internal void Recycle()
    {
        foreach (uint number in _retired)
        {
            _items[number] = null;
            _free.Push(number);
        }

        _retired.Clear();
    }

    private uint Allocate()
    {
        if (_free.TryPop(out uint number))
            return number;
        if (_end == _items.Length)
        {
            Array.Resize(ref _uses, _uses.Length * 2);
            ForwardingEntry?[] longer = new ForwardingEntry?[_items.Length * 2];
            _items.CopyTo(longer, 0);
            Volatile.Write(ref _items, longer);
        }

        return _end++;
    }

    private readonly struct Value(RouteKind kind, NextHop[] nextHops) : IEquatable<Value>
    {
        private readonly RouteKind _kind = kind;
        private readonly NextHop[] _nextHops = nextHops;

        public bool Equals(Value other) => _kind == other._kind && _nextHops.AsSpan().SequenceEqual(other._nextHops);

        public override bool Equals([NotNullWhen(true)] object? obj) => obj is Value other && Equals(other);

        public override int GetHashCode()
        {
            HashCode hash = default;
            hash.Add(_kind);
            foreach (NextHop nextHop in _nextHops)
                hash.Add(nextHop);
            return hash.ToHashCode();
        }
    }
}
