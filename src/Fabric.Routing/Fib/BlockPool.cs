using System.Runtime.CompilerServices;

namespace Fabric.Routing.Fib;

/// <summary>Blocks of 1 … 64 neighbouring items inside one array; the writer's view of it.</summary>
/// <remarks>A block that is given back keeps its content until <see cref="Recycle"/>, because readers may still be in it.</remarks>
internal sealed class BlockPool<T>
    where T : struct
{
    internal const int MaxBlock = 64;
    private readonly List<(uint First, int Length)> _retired = [];
    private readonly Stack<uint>?[] _free = new Stack<uint>?[MaxBlock + 1];
    private int _freeItems;

    /// <summary>The array.</summary>
    internal T[] Items { get; private set; } = [];

    /// <summary>Items up to the last one ever used.</summary>
    internal int End { get; private set; }

    /// <summary>Blocks that were given back and are not free yet.</summary>
    internal int Retired => _retired.Count;

    /// <summary>True when more lies waste than is worth keeping.</summary>
    internal bool IsHollow => _freeItems > End / 4 * 3;

    /// <summary>True when a copy would be noticeably smaller.</summary>
    internal bool IsLoose => _freeItems > End / 4;

    /// <summary>Bytes of the array.</summary>
    internal long Bytes => (long)Items.Length * Unsafe.SizeOf<T>();

    /// <summary>True when there is room for so many new items whatever is free inside.</summary>
    internal bool HasRoom(int items) => End + items <= Items.Length;

    /// <summary>Goes on in another array, whose items up to an end are in use.</summary>
    internal void MoveTo(T[] items, int end)
    {
        Items = items;
        End = end;
    }

    /// <summary>Forgets all blocks.</summary>
    internal void Clear()
    {
        Array.Clear(_free);
        _retired.Clear();
        _freeItems = 0;
    }

    /// <summary>Finds a block; its content is undefined.</summary>
    internal uint Allocate(int length)
    {
        if (_free[length] is { Count: > 0 } blocks)
        {
            _freeItems -= length;
            return blocks.Pop();
        }

        End += length;
        return (uint)(End - length);
    }

    /// <summary>A copy of a block with one item more.</summary>
    internal uint Insert(uint first, int length, uint place, T item)
    {
        uint copy = Allocate(length + 1);
        Span<T> from = Items.AsSpan((int)first, length);
        Span<T> to = Items.AsSpan((int)copy, length + 1);
        from[..(int)place].CopyTo(to);
        to[(int)place] = item;
        from[(int)place..].CopyTo(to[((int)place + 1)..]);
        Retire(first, length);
        return copy;
    }

    /// <summary>A copy of a block with one item less.</summary>
    internal uint Remove(uint first, int length, uint place)
    {
        Retire(first, length);
        if (length == 1)
            return 0;
        uint copy = Allocate(length - 1);
        Span<T> from = Items.AsSpan((int)first, length);
        Span<T> to = Items.AsSpan((int)copy, length - 1);
        from[..(int)place].CopyTo(to);
        from[((int)place + 1)..].CopyTo(to[(int)place..]);
        return copy;
    }

    /// <summary>A copy of a block with another item in a place.</summary>
    internal uint Replace(uint first, int length, uint place, T item)
    {
        uint copy = Allocate(length);
        Items.AsSpan((int)first, length).CopyTo(Items.AsSpan((int)copy));
        Items[copy + place] = item;
        Retire(first, length);
        return copy;
    }

    /// <summary>Gives a block back.</summary>
    internal void Retire(uint first, int length)
    {
        if (length > 0)
            _retired.Add((first, length));
    }

    /// <summary>Makes retired blocks free: from now on they may be overwritten.</summary>
    internal void Recycle()
    {
        foreach ((uint first, int length) in _retired)
        {
            (_free[length] ??= new Stack<uint>()).Push(first);
            _freeItems += length;
        }

        _retired.Clear();
    }
}
