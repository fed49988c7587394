using Fabric.Wire;

namespace Fabric.Link.Bonding;

/// <summary>The machines of one port (IEEE 802.1AX-2014, 6.4): receive, periodic transmission, mux, churn detection, transmit.</summary>
/// <remarks>Variables and timers have the standard's names. A Step... method makes one transition where a condition holds. Times are
/// milliseconds of a clock that the caller reads. One call at a time; nothing allocates.</remarks>
internal sealed partial class LacpPort
{
    private const long FastPeriodicTime = 1_000;
    private const long SlowPeriodicTime = 30_000;
    private const long ShortTimeoutTime = 3_000;
    private const long LongTimeoutTime = 90_000;
    private const long ChurnDetectionTime = 60_000;
    private const long AggregateWaitTime = 2_000;
    private const long Stopped = long.MaxValue;

    // 6.4.16: no more than so many LACPDUs in a Fast_Periodic_Time.
    private const int MostPerFastPeriod = 3;

    private readonly long[] _sentAt = [-FastPeriodicTime, -FastPeriodicTime, -FastPeriodicTime];
    private LacpInformation _actor;
    private LacpInformation _partner;
    private LacpCounts _counts;
    private bool _ntt;
    private int _sent;

    /// <summary>Makes a port whose link is down.</summary>
    /// <param name="actor">The port; of its state the activity and the timeout count.</param>
    internal LacpPort(in LacpInformation actor)
    {
        _actor = actor with { State = (actor.State & (LacpState.Activity | LacpState.ShortTimeout)) | LacpState.Aggregation };
        Initialize();
    }

    /// <summary>Actor_… and Actor_Oper_Port_….</summary>
    internal LacpInformation Actor => _actor;

    /// <summary>Partner_Oper_….</summary>
    internal LacpInformation Partner => _partner;

    /// <summary>port_enabled.</summary>
    internal bool PortEnabled { get; set; }

    /// <summary>port_moved: its partner was heard on another port.</summary>
    internal bool PortMoved { get; set; }

    internal LacpSelected Selected { get; set; }

    internal LacpExclusion Exclusion { get; set; } = LacpExclusion.LinkDown;

    internal bool IsCollecting => (_actor.State & LacpState.Collecting) != 0;

    internal bool IsDistributing => (_actor.State & LacpState.Distributing) != 0;

    internal ref LacpCounts Counts => ref _counts;

    /// <summary>One transition of each machine but the mux.</summary>
    /// <returns>False when none was to be made.</returns>
    internal bool Step(long now) => StepReceive(now) | StepPeriodic(now) | StepChurn(now);

    /// <summary>Takes the wish to send (NTT) where it may be fulfilled now (6.4.16).</summary>
    /// <param name="now">The time.</param>
    /// <returns>True when a LACPDU with <see cref="Actor"/> and <see cref="Partner"/> is to be sent.</returns>
    internal bool TryTakeTransmit(long now)
    {
        if (_periodicState == PeriodicState.NoPeriodic)
            _ntt = false;
        if (!_ntt || now - _sentAt[_sent] < FastPeriodicTime)
            return false;
        _sentAt[_sent] = now;
        _sent = (_sent + 1) % MostPerFastPeriod;
        _ntt = false;
        _counts.Transmitted++;
        return true;
    }

    internal LacpStatus ReadStatus() =>
        new(_actor, _partner, ReceiveState, MuxState, Selected, Exclusion, _isActorChurning, _isPartnerChurning, _counts);

    private void Set(LacpState flags, bool on) => _actor = _actor with { State = on ? _actor.State | flags : _actor.State & ~flags };

    private void SetPartner(LacpState flags, bool on) => _partner = _partner with { State = on ? _partner.State | flags : _partner.State & ~flags };

    private bool Has(LacpState flags) => (_actor.State & flags) == flags;

    private bool PartnerHas(LacpState flags) => (_partner.State & flags) == flags;
}
