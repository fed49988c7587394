using Fabric.Wire;

namespace Fabric.Link.Bonding;

// Mux machine with independent control: IEEE 802.1AX-2014, 6.4.15, figure 6-22. A port collects before its partner distributes and
// distributes only once its partner collects, so that no frame is lost where a link joins.
internal sealed partial class LacpPort
{
    private long _waitWhileTimer = Stopped;

    internal LacpMuxState MuxState { get; private set; }

    /// <summary>Waits to join, and its time is not up: not Ready_N.</summary>
    internal bool HoldsOthers(long now) => MuxState == LacpMuxState.Waiting && Selected == LacpSelected.Selected && now < _waitWhileTimer;

    /// <summary>One transition of the mux machine.</summary>
    /// <param name="ready">No port that waits holds the others.</param>
    /// <param name="now">The time.</param>
    /// <returns>False when none was to be made.</returns>
    internal bool StepMux(bool ready, long now)
    {
        LacpMuxState next = NextMux(ready);
        if (next == MuxState)
            return false;
        MuxState = next;
        if (next == LacpMuxState.Waiting)
        {
            _waitWhileTimer = now + AggregateWaitTime;
            return true;
        }

        Set(LacpState.Synchronization, next >= LacpMuxState.Attached);
        Set(LacpState.Collecting, next >= LacpMuxState.Collecting);
        Set(LacpState.Distributing, next >= LacpMuxState.Distributing);
        _ntt = true;
        return true;
    }

    private LacpMuxState NextMux(bool ready)
    {
        bool isSelected = Selected == LacpSelected.Selected;
        bool inSync = isSelected && PartnerHas(LacpState.Synchronization);
        switch (MuxState)
        {
            case LacpMuxState.Detached:
                return Selected == LacpSelected.Unselected ? LacpMuxState.Detached : LacpMuxState.Waiting;
            case LacpMuxState.Waiting when Selected == LacpSelected.Unselected:
                return LacpMuxState.Detached;
            case LacpMuxState.Waiting:
                return isSelected && ready ? LacpMuxState.Attached : LacpMuxState.Waiting;
            case LacpMuxState.Attached when !isSelected:
                return LacpMuxState.Detached;
            case LacpMuxState.Attached:
                return inSync ? LacpMuxState.Collecting : LacpMuxState.Attached;
            case LacpMuxState.Collecting when !inSync:
                return LacpMuxState.Attached;
            case LacpMuxState.Collecting:
                return PartnerHas(LacpState.Collecting) ? LacpMuxState.Distributing : LacpMuxState.Collecting;
            default:
                return inSync && PartnerHas(LacpState.Collecting) ? LacpMuxState.Distributing : LacpMuxState.Collecting;
        }
    }
}
