using Fabric.Wire;

namespace Fabric.Link.Bonding;

// Periodic transmission machine (IEEE 802.1AX-2014, 6.4.13) and churn detection machines (6.4.17).
internal sealed partial class LacpPort
{
    private PeriodicState _periodicState;
    private long _periodicTimer = Stopped;
    private long _actorChurnTimer = ChurnDetectionTime;
    private long _partnerChurnTimer = ChurnDetectionTime;
    private bool _isActorChurning;
    private bool _isPartnerChurning;

    private enum PeriodicState
    {
        NoPeriodic,
        FastPeriodic,
        SlowPeriodic,
    }

    private bool StepPeriodic(long now)
    {
        PeriodicState wanted = WantedPeriod();
        bool due = _periodicState != PeriodicState.NoPeriodic && now >= _periodicTimer;
        if (wanted == _periodicState && !due)
            return false;
        // PERIODIC_TX: the time is up, or the partner that was content to wait no longer is.
        _ntt |= due || (_periodicState == PeriodicState.SlowPeriodic && wanted == PeriodicState.FastPeriodic);
        _periodicState = wanted;
        _periodicTimer = wanted switch
        {
            PeriodicState.FastPeriodic => now + FastPeriodicTime,
            PeriodicState.SlowPeriodic => now + SlowPeriodicTime,
            _ => Stopped,
        };
        return true;
    }

    private PeriodicState WantedPeriod()
    {
        if (!PortEnabled || (!Has(LacpState.Activity) && !PartnerHas(LacpState.Activity)))
            return PeriodicState.NoPeriodic;
        return PartnerHas(LacpState.ShortTimeout) ? PeriodicState.FastPeriodic : PeriodicState.SlowPeriodic;
    }

    private bool StepChurn(long now)
    {
        if (StepChurn(Has(LacpState.Synchronization), ref _actorChurnTimer, ref _isActorChurning, now))
            _counts.ActorChurns++;
        if (StepChurn(PartnerHas(LacpState.Synchronization), ref _partnerChurnTimer, ref _isPartnerChurning, now))
            _counts.PartnerChurns++;
        return false;
    }

    // True when churn begins; nothing else depends on it.
    private bool StepChurn(bool inSync, ref long timer, ref bool churning, long now)
    {
        if (inSync || !PortEnabled)
        {
            timer = Stopped;
            churning = false;
            return false;
        }

        if (timer == Stopped && !churning)
            timer = now + ChurnDetectionTime;
        if (now < timer)
            return false;
        timer = Stopped;
        return churning = true;
    }
}
