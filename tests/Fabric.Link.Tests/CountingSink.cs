using System.Buffers.Binary;

namespace Fabric.Link.Tests;

/// <summary>Counts frames whose bytes 14–17 number them from 0, and tells when enough have come.</summary>
internal sealed class CountingSink(int wanted) : IFrameSink, IDisposable
{
    private readonly ManualResetEventSlim _enough = new();
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    internal int OutOfOrder { get; private set; }

    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            if (BinaryPrimitives.ReadInt32BigEndian(frame.Head[14..]) != _count)
                OutOfOrder++;
            Volatile.Write(ref _count, _count + 1);
        }

        if (_count >= wanted)
            _enough.Set();
    }

    /// <summary>Waits; the limit only ends a test that has failed.</summary>
    internal bool WaitForAll() => _enough.Wait(TimeSpan.FromSeconds(60));

    public void Dispose() => _enough.Dispose();
}
