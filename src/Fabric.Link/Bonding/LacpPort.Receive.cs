using Fabric.Wire;

namespace Fabric.Link.Bonding;

// Receive machine: IEEE 802.1AX-2014, 6.4.12. LACP_Enabled is always true: a bond without LACP has no such ports.
internal sealed partial class LacpPort
{
    // What 6.4.9 lets update_NTT look at.
    private const LacpState ToldFlags = LacpState.Activity | LacpState.ShortTimeout | LacpState.Synchronization | LacpState.Aggregation;

    private long _currentWhileTimer = Stopped;

    internal LacpReceiveState ReceiveState { get; private set; }

    /// <summary>Takes a LACPDU in.</summary>
    /// <returns>False when the port's link is down: a LACPDU that was on its way.</returns>
    internal bool Receive(in LacpInformation actor, in LacpInformation partner, long now)
    {
        if (ReceiveState == LacpReceiveState.PortDisabled)
            return false;
        UpdateSelected(actor);
        UpdateNtt(partner);
        RecordPdu(actor, partner);
        _currentWhileTimer = now + (Has(LacpState.ShortTimeout) ? ShortTimeoutTime : LongTimeoutTime);
        Set(LacpState.Expired, false);
        ReceiveState = LacpReceiveState.Current;
        return true;
    }

    private bool StepReceive(long now)
    {
        switch (ReceiveState)
        {
            case not LacpReceiveState.PortDisabled when !PortEnabled:
                SetPartner(LacpState.Synchronization, false);
                _currentWhileTimer = Stopped;
                ReceiveState = LacpReceiveState.PortDisabled;
                return true;
            case LacpReceiveState.PortDisabled when PortMoved:
                Initialize();
                return true;
            case LacpReceiveState.PortDisabled when PortEnabled:
            case LacpReceiveState.Current when now >= _currentWhileTimer:
                SetPartner(LacpState.Synchronization, false);
                SetPartner(LacpState.ShortTimeout, true);
                _currentWhileTimer = now + ShortTimeoutTime;
                Set(LacpState.Expired, true);
                ReceiveState = LacpReceiveState.Expired;
                return true;
            case LacpReceiveState.Expired when now >= _currentWhileTimer:
                // update_Default_Selected: no partner at all is the one that was configured.
                Selected = LacpSelected.Unselected;
                RecordDefault();
                _currentWhileTimer = Stopped;
                Set(LacpState.Expired, false);
                ReceiveState = LacpReceiveState.Defaulted;
                return true;
            default:
                return false;
        }
    }

    private void Initialize()
    {
        Selected = LacpSelected.Unselected;
        RecordDefault();
        Set(LacpState.Expired, false);
        PortMoved = false;
        ReceiveState = LacpReceiveState.PortDisabled;
    }

    private void RecordDefault()
    {
        // Out of sync, other than in the standard: who does not speak LACP does not get into the bond.
        _partner = default;
        Set(LacpState.Defaulted, true);
    }

    private void UpdateSelected(in LacpInformation actor)
    {
        if (!actor.IsSamePort(in _partner))
            Selected = LacpSelected.Unselected;
    }

    private void UpdateNtt(in LacpInformation partner)
    {
        if (!partner.IsSamePort(in _actor) || ((partner.State ^ _actor.State) & ToldFlags) != 0)
            _ntt = true;
    }

    private void RecordPdu(in LacpInformation actor, in LacpInformation partner)
    {
        // In sync is a partner that means this very port, or wants the link for itself, and whose silence would be noticed: it speaks
        // without being spoken to, or this side does and it knows.
        bool means = partner.IsSamePort(in _actor) || (actor.State & LacpState.Aggregation) == 0;
        bool maintained = (actor.State & LacpState.Activity) != 0 || (Has(LacpState.Activity) && (partner.State & LacpState.Activity) != 0);
        _partner = actor;
        SetPartner(LacpState.Synchronization, means && maintained && (actor.State & LacpState.Synchronization) != 0);
        Set(LacpState.Defaulted, false);
    }
}
