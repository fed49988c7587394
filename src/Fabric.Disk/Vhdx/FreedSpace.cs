using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>Space on its way out: nothing is reused before it is safe.</summary>
/// <remarks>First the change that lets go of a block waits to become durable, as a crash would bring the block back. Then requests that may have looked
/// the block up before have to end (<see cref="InFlight"/>). After that its host space is punched out and it may be reused. Needs the
/// image's lock.</remarks>
internal sealed class FreedSpace(FileStore store, InFlight inFlight, SpaceMap space)
{
    private readonly List<(long Unit, long Count)> _unlinked = [];
    private readonly List<(long Unit, long Count)> _durable = [];
    private readonly List<(long Unit, long Count)> _limbo = [];

    /// <summary>Units that wait for a flush.</summary>
    public long UnlinkedUnits { get; private set; }

    /// <summary>True when something waits for requests to end.</summary>
    public bool HasDurable => _durable.Count + _limbo.Count > 0;

    /// <summary>Adds space that an entry changed in memory let go of.</summary>
    public void Unlink(long unit, long count)
    {
        _unlinked.Add((unit, count));
        UnlinkedUnits += count;
    }

    /// <summary>Every change so far is durable.</summary>
    public void MadeDurable()
    {
        _durable.AddRange(_unlinked);
        _unlinked.Clear();
        UnlinkedUnits = 0;
    }

    /// <summary>Gives back what no request can be using any more. Never waits.</summary>
    public void Settle()
    {
        // Twice: with nothing in flight the second round takes what the first moved into limbo.
        for (int round = 0; round < 2 && HasDurable && inFlight.TryAdvance(); round++)
        {
            foreach ((long unit, long count) in _limbo)
            {
                // Space that the host will not take back is only space: it can be reused all the same.
                store.PunchHole(unit << VhdxFacts.UnitBits, count << VhdxFacts.UnitBits);
                space.Release(unit, count);
            }

            _limbo.Clear();
            _limbo.AddRange(_durable);
            _durable.Clear();
        }
    }
}
