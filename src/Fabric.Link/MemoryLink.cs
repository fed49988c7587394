namespace Fabric.Link;

/// <summary>A cable inside the process: what is transmitted into one end is received at the other, in order, offloads untouched.</summary>
/// <remarks>It holds frames by value in one bounded ring for each direction. A full ring drops what is transmitted next and counts it
/// as <see cref="DropReason.NoBuffer"/>.</remarks>
public sealed class MemoryLink : IDisposable
{
    /// <summary>Bytes that each direction holds where the maker does not say: four super-frames or some 3,000 of the smallest.</summary>
    public const int DefaultCapacity = FrameRing.MinCapacity;

    /// <summary>Makes a cable.</summary>
    /// <param name="firstName">Name of the first end.</param>
    /// <param name="secondName">Name of the second end.</param>
    /// <param name="firstAccepts">Unfinished frames that may be transmitted into the first end: what the holder of the second can take.</param>
    /// <param name="secondAccepts">The same for the second end.</param>
    /// <param name="capacity">Bytes each direction holds, a power of two of at least <see cref="DefaultCapacity"/>.</param>
    public MemoryLink(
        string firstName,
        string secondName,
        FrameOffloads firstAccepts = FrameOffloads.None,
        FrameOffloads secondAccepts = FrameOffloads.None,
        int capacity = DefaultCapacity)
    {
        FrameRing toFirst = new(capacity);
        FrameRing toSecond = new(capacity);
        First = new MemoryPort(firstName, firstAccepts, toFirst, toSecond);
        Second = new MemoryPort(secondName, secondAccepts, toSecond, toFirst);
        First.Peer = Second;
        Second.Peer = First;
    }

    /// <summary>One end.</summary>
    public MemoryPort First { get; }

    /// <summary>The other end.</summary>
    public MemoryPort Second { get; }

    /// <summary>Cuts the cable or mends it: both ends go down or up, what is transmitted meanwhile is dropped as
    /// <see cref="DropReason.LinkDown"/>, what was on its way still arrives. Any thread.</summary>
    /// <param name="up">False to cut it.</param>
    public void SetUp(bool up)
    {
        First.SetCut(!up);
        Second.SetCut(!up);
        First.TellWatcher();
        Second.TellWatcher();
    }

    /// <summary>Unplugs both ends.</summary>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}
