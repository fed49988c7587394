namespace Fabric.Vmm;

/// <summary>One reader of a <see cref="SerialConsole"/>. Used by one caller at a time; simply dropped when no longer wanted.</summary>
public sealed class ConsoleReader
{
    private readonly SerialConsole _console;
    private long _position;
    private long _lost;

    internal ConsoleReader(SerialConsole console, long position)
    {
        _console = console;
        _position = position;
    }

    /// <summary>Number of bytes this reader missed because it was more than the scrollback behind.</summary>
    public long LostBytes => Volatile.Read(ref _lost);

    /// <summary>Waits for output and copies it.</summary>
    /// <param name="destination">Filled from the start; not empty.</param>
    /// <param name="cancellation">Ends the wait; nothing is lost by it.</param>
    /// <returns>Number of bytes copied; 0 when the machine was disposed and everything has been read.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellation = default)
    {
        while (true)
        {
            int count = TryRead(destination.Span, out Task? more);
            if (more == null)
                return count;
            await more.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private int TryRead(Span<byte> destination, out Task? more)
    {
        int count = _console.Read(ref _position, destination, out long lost, out more);
        if (lost > 0)
            Volatile.Write(ref _lost, _lost + lost);
        return count;
    }
}
