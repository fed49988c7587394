namespace Fabric.Virtio;

/// <summary>A bounded queue of bytes between a device's thread, which never waits, and a host reader or writer, which may.</summary>
/// <param name="capacity">Most bytes held.</param>
internal sealed class ByteQueue(int capacity)
{
    private readonly Lock _gate = new();
    private readonly byte[] _bytes = new byte[capacity];
    private int _start;
    private int _count;
    private bool _completed;
    private TaskCompletionSource? _changed;

    /// <summary>Number of bytes held.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Number of bytes that still fit.</summary>
    internal int Room => _bytes.Length - Count;

    /// <summary>True once no more is written.</summary>
    internal bool IsCompleted => Volatile.Read(ref _completed);

    /// <summary>Appends as much as fits.</summary>
    /// <param name="source">The bytes.</param>
    /// <returns>Number of bytes taken.</returns>
    internal int Write(ReadOnlySpan<byte> source)
    {
        lock (_gate)
        {
            int taken = _completed ? 0 : Math.Min(source.Length, _bytes.Length - _count);
            int end = (_start + _count) % _bytes.Length;
            int first = Math.Min(taken, _bytes.Length - end);
            source[..first].CopyTo(_bytes.AsSpan(end));
            source[first..taken].CopyTo(_bytes);
            _count += taken;
            ChangedLocked(taken);
            return taken;
        }
    }

    /// <summary>Removes as much as is there.</summary>
    /// <param name="destination">Filled from the front.</param>
    /// <returns>Number of bytes removed.</returns>
    internal int Read(Span<byte> destination)
    {
        lock (_gate)
        {
            int given = Math.Min(destination.Length, _count);
            int first = Math.Min(given, _bytes.Length - _start);
            _bytes.AsSpan(_start, first).CopyTo(destination);
            _bytes.AsSpan(0, given - first).CopyTo(destination[first..]);
            _start = (_start + given) % _bytes.Length;
            _count -= given;
            ChangedLocked(given);
            return given;
        }
    }

    /// <summary>Waits until bytes can be read, or none will ever come.</summary>
    internal Task WaitForData()
    {
        lock (_gate)
            return _count > 0 || _completed ? Task.CompletedTask : ChangeLocked();
    }

    /// <summary>Waits until bytes can be written, or none will ever be taken.</summary>
    internal Task WaitForRoom()
    {
        lock (_gate)
            return _count < _bytes.Length || _completed ? Task.CompletedTask : ChangeLocked();
    }

    /// <summary>Forgets what is held.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            int dropped = _count;
            _start = _count = 0;
            ChangedLocked(dropped);
        }
    }

    /// <summary>Ends the queue: what is held can be read, no more is taken.</summary>
    internal void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            ChangedLocked(1);
        }
    }

    private Task ChangeLocked() => (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void ChangedLocked(int bytes)
    {
        if (bytes == 0 || _changed == null)
            return;
        _changed.SetResult();
        _changed = null;
    }
}
