using System.Diagnostics;
using System.Runtime.CompilerServices;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>The table of RIP: routes in numbered places, an index by prefix, and the paths of all routes in one pool. Some hundred bytes
/// a route. Places are reused; references into it hold until the next route or path is added.</summary>
/// <param name="salt">Of chance: so that no neighbour can choose prefixes that all fall together.</param>
internal sealed class RipTable(ulong salt)
{
    internal const int None = -1;
    private const int FirstSize = 16;
    private readonly ulong _multiplier = (salt << 1) ^ 0x9E37_79B9_7F4A_7C15;
    private int[] _index = new int[2 * FirstSize];
    private int _indexShift = 64 - 5;
    private RipRoute[] _routes = new RipRoute[FirstSize];
    private RipPath[] _paths = new RipPath[FirstSize];
    private int _usedRoutes;
    private int _usedPaths;
    private int _freeRoute = None;
    private int _freePath = None;

    /// <summary>Routes in the table, dead ones included.</summary>
    internal int Count { get; private set; }

    /// <summary>Places 0 … End − 1 may hold routes: those with a metric other than 0 do.</summary>
    internal int End => _usedRoutes;

    /// <summary>All places.</summary>
    internal Span<RipRoute> Routes => _routes.AsSpan(0, _usedRoutes);

    internal ref RipRoute this[int place] => ref _routes[place];

    internal ref RipPath Path(int path) => ref _paths[path];

    /// <summary>The place of a route; <see cref="None"/> when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Find(IpAddress address, int length)
    {
        int mask = _index.Length - 1;
        for (int i = Slot(address, length); ; i = (i + 1) & mask)
        {
            int place = _index[i] - 1;
            if (place < 0)
                return None;
            ref RipRoute route = ref _routes[place];
            if (route.Address == address && route.Length == length)
                return place;
        }
    }

    /// <summary>As <see cref="Find(IpAddress, int)"/>, with a guess: who tells of many routes does so in the order of last time, which is
    /// often the order in which they came into this table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Find(IpAddress address, int length, int guess)
    {
        if ((uint)guess < (uint)_usedRoutes)
        {
            ref RipRoute route = ref _routes[guess];
            if (route.Address == address && route.Length == length && route.IsUsed)
                return guess;
        }

        return Find(address, length);
    }

    /// <summary>Adds a route that is not in the table; without a path, its metric not set.</summary>
    internal int Add(IpAddress address, int length)
    {
        if (4 * (Count + 1) > 3 * _index.Length)
            GrowIndex();
        int place = _freeRoute;
        if (place != None)
            _freeRoute = (int)_routes[place].Forget;
        else if ((place = _usedRoutes++) == _routes.Length)
            Array.Resize(ref _routes, _routes.Length + (_routes.Length / 2));
        _routes[place] = new RipRoute { Address = address, Length = (byte)length, FirstPath = None };
        Insert(place);
        Count++;
        return place;
    }

    /// <summary>Takes a route out, with its paths.</summary>
    internal void Remove(int place)
    {
        ClearPaths(place);
        ref RipRoute route = ref _routes[place];
        Unindex(place);
        route = new RipRoute { FirstPath = None, Forget = _freeRoute };
        _freeRoute = place;
        Count--;
    }

    /// <summary>Puts a path in front of a route's others.</summary>
    internal void AddPath(int place, in RipPath path)
    {
        int at = _freePath;
        if (at != None)
            _freePath = _paths[at].Next;
        else if ((at = _usedPaths++) == _paths.Length)
            Array.Resize(ref _paths, _paths.Length + (_paths.Length / 2));
        _paths[at] = path;
        _paths[at].Next = _routes[place].FirstPath;
        _routes[place].FirstPath = at;
    }

    /// <summary>The path of a route that a neighbour told of; <see cref="None"/> when it has none.</summary>
    internal int FindPath(int place, int neighbor)
    {
        int path = _routes[place].FirstPath;
        while (path != None && _paths[path].Neighbor != neighbor)
            path = _paths[path].Next;
        return path;
    }

    internal int PathCount(int place)
    {
        int count = 0;
        for (int path = _routes[place].FirstPath; path != None; path = _paths[path].Next)
            count++;
        return count;
    }

    internal void RemovePath(int place, int path)
    {
        ref int link = ref _routes[place].FirstPath;
        while (link != path)
            link = ref _paths[link].Next;
        link = _paths[path].Next;
        FreePath(path);
    }

    internal void ClearPaths(int place)
    {
        ref int first = ref _routes[place].FirstPath;
        while (first != None)
        {
            int path = first;
            first = _paths[path].Next;
            FreePath(path);
        }
    }

    private void FreePath(int path)
    {
        _paths[path] = new RipPath { Neighbor = None, Next = _freePath };
        _freePath = path;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(IpAddress address, int length)
    {
        ulong bits = address.IsV4 ? address.V4 : Fold(address.Bits);
        return (int)(((bits ^ ((ulong)length << 40)) * _multiplier) >> _indexShift);
    }

    private static ulong Fold(UInt128 bits) => (ulong)bits ^ ((ulong)(bits >> 64) * 0xD6E8_FEB8_6659_FD93);

    private void Insert(int place)
    {
        int mask = _index.Length - 1;
        int i = Slot(_routes[place].Address, _routes[place].Length);
        while (_index[i] != 0)
            i = (i + 1) & mask;
        _index[i] = place + 1;
    }

    // Linear probing without tombstones: what stands behind the hole moves into it unless that is in front of its own slot.
    private void Unindex(int place)
    {
        int mask = _index.Length - 1;
        int hole = Slot(_routes[place].Address, _routes[place].Length);
        while (_index[hole] != place + 1)
            hole = (hole + 1) & mask;
        for (int i = (hole + 1) & mask; _index[i] != 0; i = (i + 1) & mask)
        {
            ref RipRoute route = ref _routes[_index[i] - 1];
            int home = Slot(route.Address, route.Length);
            if (((i - home) & mask) < ((i - hole) & mask))
                continue;
            _index[hole] = _index[i];
            hole = i;
        }

        _index[hole] = 0;
    }

    private void GrowIndex()
    {
        int[] old = _index;
        _index = new int[2 * old.Length];
        _indexShift--;
        foreach (int entry in old)
        {
            if (entry != 0)
                Insert(entry - 1);
        }

        Debug.Assert(_index.Length == 1 << (64 - _indexShift), "the index has as many slots as the hash has values");
    }
}
