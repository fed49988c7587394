namespace Fabric.Routing;

/// <summary>A part of a router that has something to do at some time.</summary>
internal abstract class Timed
{
    internal const long Never = long.MaxValue;

    /// <summary>When <see cref="Tick"/> is next wanted, in nanoseconds of the router's clock; may be early, never late.</summary>
    internal long Due { get; private set; } = Never;

    /// <summary>Does what is due. The implementation schedules what comes next.</summary>
    /// <param name="now">Present time.</param>
    internal void TickIfDue(long now)
    {
        if (now < Due)
            return;
        Due = Never;
        Tick();
    }

    /// <summary>Asks for a tick no later than a time.</summary>
    /// <param name="at">Nanoseconds of the router's clock.</param>
    protected void Schedule(long at) => Due = Math.Min(Due, at);

    /// <summary>Does what is due now and calls <see cref="Schedule"/> for all that remains.</summary>
    protected abstract void Tick();
}
