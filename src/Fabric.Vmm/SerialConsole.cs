namespace Fabric.Vmm;

/// <summary>The far end of a machine's serial line: what the guest prints, kept and handed to any number of readers, and what an operator
/// types.</summary>
/// <remarks>
/// <para>Output goes into one ring of <see cref="ScrollbackBytes"/>. Each reader keeps a position in it; a reader that falls behind by more
/// than the ring loses the oldest bytes and counts them. So the guest never waits for a reader, and a reader costs no buffer.</para>
/// <para>Input waits in a queue of <see cref="InputBytes"/> until the guest's UART or its SBI console takes it.</para>
/// <para>It outlives resets and restarts of the machine and ends with it. All members may be called from any thread.</para>
/// </remarks>
public sealed class SerialConsole
{
    /// <summary>How much output is kept, in bytes.</summary>
    public const int ScrollbackBytes = 64 * 1024;

    /// <summary>How much input waits for the guest at most, in bytes.</summary>
    public const int InputBytes = 4096;

    private readonly Lock _gate = new();
    private readonly byte[] _output = new byte[ScrollbackBytes];
    private readonly Queue<byte> _input = new(InputBytes);
    private TaskCompletionSource? _outputWanted;
    private TaskCompletionSource? _spaceWanted;
    private long _end;
    private bool _completed;

    /// <summary>Number of bytes the guest has ever printed.</summary>
    public long BytesPrinted
    {
        get
        {
            lock (_gate)
                return _end;
        }
    }

    /// <summary>Called after input arrived, without a lock held: the UART fetches it.</summary>
    internal Action? InputArrived { get; set; }

    /// <summary>Starts reading the output.</summary>
    /// <param name="scrollback">True to begin with what is kept of earlier output, false to begin with what comes next.</param>
    public ConsoleReader Attach(bool scrollback = true)
    {
        lock (_gate)
            return new ConsoleReader(this, scrollback ? Math.Max(0, _end - ScrollbackBytes) : _end);
    }

    /// <summary>What is kept of the output, oldest first.</summary>
    public byte[] Snapshot()
    {
        lock (_gate)
        {
            byte[] copy = new byte[Math.Min(_end, ScrollbackBytes)];
            CopyOut(_end - copy.Length, copy);
            return copy;
        }
    }

    /// <summary>Types into the console, without waiting.</summary>
    /// <param name="input">Bytes as a terminal would send them.</param>
    /// <returns>How many of them the queue took; the rest found it full.</returns>
    public int Write(ReadOnlySpan<byte> input)
    {
        int taken = 0;
        lock (_gate)
        {
            while (taken < input.Length && _input.Count < InputBytes)
                _input.Enqueue(input[taken++]);
        }

        if (taken > 0)
            InputArrived?.Invoke();
        return taken;
    }

    /// <summary>Types into the console and waits, where the queue is full, until the guest has made room.</summary>
    /// <param name="input">Bytes as a terminal would send them.</param>
    /// <param name="cancellation">Ends the wait; part of the input may have been taken.</param>
    public async Task WriteAsync(ReadOnlyMemory<byte> input, CancellationToken cancellation = default)
    {
        while (true)
        {
            input = input[Write(input.Span)..];
            if (input.IsEmpty)
                return;
            await SpaceAsync().WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Appends what the guest prints.</summary>
    internal void Print(ReadOnlySpan<byte> bytes)
    {
        TaskCompletionSource? wanted;
        lock (_gate)
        {
            foreach (byte value in bytes)
                _output[_end++ % ScrollbackBytes] = value;
            wanted = _outputWanted;
            _outputWanted = null;
        }

        wanted?.SetResult();
    }

    /// <summary>Takes typed bytes for the guest.</summary>
    /// <returns>How many were taken; 0 when none waits.</returns>
    internal int TakeInput(Span<byte> destination)
    {
        int count = 0;
        TaskCompletionSource? wanted = null;
        lock (_gate)
        {
            while (count < destination.Length && _input.TryDequeue(out byte value))
                destination[count++] = value;
            if (count > 0)
                (wanted, _spaceWanted) = (_spaceWanted, null);
        }

        wanted?.SetResult();
        return count;
    }

    /// <summary>Forgets typed bytes that the machine before a reset did not take.</summary>
    internal void DropInput()
    {
        Span<byte> scratch = stackalloc byte[256];
        while (TakeInput(scratch) > 0)
        {
        }
    }

    /// <summary>Ends the console: readers see its end once they have read what is kept.</summary>
    internal void Complete()
    {
        TaskCompletionSource? output, space;
        lock (_gate)
        {
            _completed = true;
            (output, _outputWanted) = (_outputWanted, null);
            (space, _spaceWanted) = (_spaceWanted, null);
            _input.Clear();
        }

        output?.SetResult();
        space?.SetResult();
    }

    /// <summary>Copies what lies at and after a reader's position.</summary>
    /// <param name="position">The reader's position; moved.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="lost">How many bytes were overwritten before this call.</param>
    /// <param name="more">Set when nothing lies there: completes when something does. Null at the end of the console.</param>
    internal int Read(ref long position, Span<byte> destination, out long lost, out Task? more)
    {
        lock (_gate)
        {
            lost = Math.Max(0, _end - ScrollbackBytes - position);
            position += lost;
            int count = (int)Math.Min(_end - position, destination.Length);
            CopyOut(position, destination[..count]);
            position += count;
            more = count > 0 || _completed
                ? null
                : (_outputWanted ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return count;
        }
    }

    private Task SpaceAsync()
    {
        lock (_gate)
        {
            return _completed || _input.Count < InputBytes
                ? Task.CompletedTask
                : (_spaceWanted ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void CopyOut(long position, Span<byte> destination)
    {
        int start = (int)(position % ScrollbackBytes);
        int first = Math.Min(destination.Length, ScrollbackBytes - start);
        _output.AsSpan(start, first).CopyTo(destination);
        _output.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }
}
