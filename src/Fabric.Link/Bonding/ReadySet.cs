using System.Runtime.InteropServices;

namespace Fabric.Link.Bonding;

/// <summary>One descriptor for several ports, some of which may be polled: readable while any of them has frames.</summary>
/// <remarks>A polled port sets an event that stands in the set beside the others' descriptors. Only where all are polled is there no need
/// of a set.</remarks>
internal sealed class ReadySet : IWaker, IDisposable
{
    private readonly Epoll _epoll = new();
    private readonly WakeEvent _event = new();
    private readonly IPort[] _polled;
    private readonly List<(IPort Port, SafeHandle Descriptor, SafeHandle? News)> _watched = [];

    internal ReadySet(IReadOnlyList<IPort> ports)
    {
        _polled = [.. ports.Where(port => port.ReadyDescriptor is null)];
        foreach (IPort port in ports)
        {
            if (port.ReadyDescriptor is not { } descriptor)
                continue;
            _epoll.Add(descriptor, _watched.Count);
            if (port.NewsDescriptor is { } news)
                _epoll.Add(news, _watched.Count);
            _watched.Add((port, descriptor, port.NewsDescriptor));
        }

        if (_polled.Length == 0)
            return;
        _epoll.Add(_event.Descriptor, -1);
        _event.Set();
        foreach (IPort port in _polled)
            port.AttachWaker(this);
    }

    internal SafeHandle Descriptor => _epoll.Descriptor;

    /// <inheritdoc/>
    public void Wake() => _event.Set();

    public void Dispose()
    {
        _epoll.Dispose();
        _event.Dispose();
    }

    /// <summary>No port had a frame: lets the descriptor become unreadable until one has. Receive side only.</summary>
    internal void Rest()
    {
        for (int i = _watched.Count - 1; i >= 0; i--)
        {
            if (_watched[i].Port.ReadyDescriptor is not null)
                continue;
            _epoll.Remove(_watched[i].Descriptor);
            if (_watched[i].News is { } news)
                _epoll.Remove(news);
            _watched.RemoveAt(i);
        }

        if (_polled.Length == 0)
            return;
        // First clear, then look: a frame that comes in between sets the event again.
        _event.Clear();
        foreach (IPort port in _polled)
        {
            if (!port.TryArm())
                _event.Set();
        }
    }
}
