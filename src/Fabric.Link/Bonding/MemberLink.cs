namespace Fabric.Link.Bonding;

/// <summary>A member as its bond knows it: the sink of its frames, and what may pass it.</summary>
internal sealed class MemberLink(BondPort owner, BondMember member, int index, LacpPort? lacp) : IFrameSink
{
    // Slow protocols send at most ten frames a second (IEEE 802.3, 57A.2).
    private const int MostResponses = 10;
    private const long ResponsePeriod = 1_000;

    private bool _collecting;
    private long _responsesSince;
    private int _responses;

    internal IPort Port { get; } = member.Port;

    internal int Index { get; } = index;

    internal int Priority { get; } = member.Priority;

    /// <summary>Its machines; null in a bond without LACP.</summary>
    internal LacpPort? Lacp { get; } = lacp;

    /// <summary>Whether ordinary frames from it are taken. Written under the bond's lock, read by its worker.</summary>
    internal bool IsCollecting
    {
        get => Volatile.Read(ref _collecting);
        set => Volatile.Write(ref _collecting, value);
    }

    /// <inheritdoc/>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames) => owner.Accept(this, frames);

    /// <summary>Whether one more marker may be answered now.</summary>
    internal bool TryTakeResponse(long now)
    {
        if (now - _responsesSince >= ResponsePeriod)
        {
            _responsesSince = now;
            _responses = 0;
        }

        return _responses++ < MostResponses;
    }
}
