using Fabric.Link;

namespace Fabric.Switch;

// Protocols that the switch speaks, and the links they care about.
//
// A port tells of its link on any thread, also in the middle of a burst that this very thread transmits. So nothing happens there but a
// note. The note is taken up under the lock: by the next burst, or, where a protocol waits for it, by a timer that is due at once.
public sealed unsafe partial class EthernetSwitch
{
    /// <summary>Longest frame that a protocol gets or sends, in bytes.</summary>
    public const int MaxControlFrame = 2048;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly byte[] _controlFrame = GC.AllocateArray<byte>(MaxControlFrame, pinned: true);
    private IControlProtocol[] _protocols = [];
    private Control[] _controls = [];
    private ITimer? _tick;
    private ITimer? _linkTimer;
    private bool _linksPending;
    private bool _disposed;

    /// <summary>Lets the switch speak a protocol from now on, beside those it speaks already.</summary>
    /// <param name="create">Makes the protocol with what it may ask of the switch. Called once, under the switch's lock.</param>
    /// <returns>The protocol.</returns>
    public T AttachProtocol<T>(Func<ISwitchControl, T> create)
        where T : IControlProtocol
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Control control = new(this);
            T protocol = create(control);
            control.Speaker = protocol;
            _protocols = [.. _protocols, protocol];
            _controls = [.. _controls, control];
            StartOrStopTimersLocked();
            foreach (SwitchPort? port in _ports)
            {
                if (port is not null)
                    protocol.PortAdded(port.Index, port.Port.IsUp);
            }

            return protocol;
        }
    }

    /// <summary>Stops a protocol. Ports that it kept from forwarding forward again, unless another protocol keeps them too.</summary>
    /// <param name="protocol">From <see cref="AttachProtocol"/>.</param>
    /// <returns>False when the switch does not speak it.</returns>
    public bool DetachProtocol(IControlProtocol protocol)
    {
        lock (_gate)
        {
            if (!_protocols.Contains(protocol))
                return false;
            _protocols = [.. _protocols.Where(other => !ReferenceEquals(other, protocol))];
            _controls = [.. _controls.Where(other => !ReferenceEquals(other.Speaker, protocol))];
            foreach (SwitchPort? port in _ports)
                port?.SetState(StateOf(port.Index));
            RecomputeLocked();
            StartOrStopTimersLocked();
            return true;
        }
    }

    /// <summary>Asks or tells a protocol something between two of its events: to read its status, to configure it.</summary>
    /// <param name="question">Called once, under the switch's lock; must not block.</param>
    /// <returns>What it returns.</returns>
    public T AskProtocol<T>(Func<T> question)
    {
        lock (_gate)
        {
            return question();
        }
    }

    /// <summary>Stops the protocols and lets go of all ports, which remain their owner's.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _protocols = [];
            _controls = [];
            _snooper = null;
            StartOrStopTimersLocked();
            foreach (SwitchPort port in _byPort.Values.ToArray())
                DetachLocked(port);
        }
    }

    /// <summary>A port has noted that its link changed. Any thread, any lock held.</summary>
    internal void NoticeLinks()
    {
        Volatile.Write(ref _linksPending, true);
        Volatile.Read(ref _linkTimer)?.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    // A port does what every protocol lets it do.
    private PortState StateOf(int port)
    {
        PortState least = PortState.Forwarding;
        foreach (Control control in _controls)
            least = control.Wanted(port) < least ? control.Wanted(port) : least;
        return least;
    }

    // Its number may be another port's next.
    private void ForgetStatesLocked(SwitchPort port)
    {
        foreach (Control control in _controls)
            control.Forget(port.Index);
    }

    private void TakeUpLinks()
    {
        lock (_gate)
        {
            ProcessLinksLocked();
        }
    }

    private void ProcessLinksLocked()
    {
        // Full fence: a note made after this is seen below or raises the flag again.
        Interlocked.Exchange(ref _linksPending, false);
        foreach (SwitchPort? port in _ports)
        {
            if (port is null || !port.TakeLinkChanged())
                continue;
            bool isUp = port.Port.IsUp;
            if (!isUp)
                _addresses.Flush(port);
            foreach (IControlProtocol protocol in _protocols)
                protocol.LinkChanged(port.Index, isUp);
            _snooper?.LinkChanged(port.Index, isUp);
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            _ticks = _time.GetTimestamp() - _epoch;
            foreach (IControlProtocol protocol in _protocols)
                protocol.Tick();
            _snooper?.Tick();
        }
    }

    private void StartOrStopTimersLocked()
    {
        if (_protocols.Length == 0 && _snooper is null)
        {
            _tick?.Dispose();
            _linkTimer?.Dispose();
            _tick = _linkTimer = null;
            return;
        }

        _tick ??= _time.CreateTimer(_ => Tick(), null, Second, Second);
        _linkTimer ??= _time.CreateTimer(_ => TakeUpLinks(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private bool TryGiveToProtocol(SwitchPort port, in Frame frame)
    {
        if (frame.Length > MaxControlFrame)
            return false;
        Span<byte> copy = _controlFrame.AsSpan(0, frame.Length);
        frame.CopyTo(0, copy);
        foreach (IControlProtocol protocol in _protocols)
        {
            if (protocol.TryReceive(port.Index, copy))
                return true;
        }

        return false;
    }

    // A frame that the switch itself made.
    private void SendOwn(SwitchPort port, byte[] bytes, int length)
    {
        // SAFETY: the array holds the frame and stays where it is during the call; ports copy what they take.
        fixed (byte* first = bytes)
        {
            Frame sent = new(first, length);
            if (_watched)
                WatchTransmitted(port, [sent], 0);
            port.Port.Transmit([sent]);
        }
    }

    // What protocols may ask. A nested class, so that only they can.
    private sealed class Control(EthernetSwitch owner) : ISwitchControl
    {
        private readonly byte[] _sending = GC.AllocateArray<byte>(MaxControlFrame, pinned: true);
        private readonly Dictionary<int, PortState> _wanted = [];

        /// <summary>Whose it is; null while it is made.</summary>
        internal IControlProtocol? Speaker { get; set; }

        public void SetPortState(int port, PortState state)
        {
            if (owner.PortAt(port) is not { } attached)
                return;
            _wanted[port] = state;
            // While the protocol is made it is not among those that are asked yet.
            PortState others = owner.StateOf(port);
            PortState all = state < others ? state : others;
            if (attached.State == all)
                return;
            attached.SetState(all);
            owner.RecomputeLocked();
        }

        internal PortState Wanted(int port) => _wanted.GetValueOrDefault(port, PortState.Forwarding);

        internal void Forget(int port) => _wanted.Remove(port);

        public void FlushAddresses(int port)
        {
            if (owner.PortAt(port) is { } attached)
                owner._addresses.Flush(attached);
            owner._snooper?.TopologyChanged();
        }

        public void Transmit(int port, ReadOnlySpan<byte> frame)
        {
            if (frame.Length is < HeaderLength or > MaxControlFrame)
                throw new ArgumentException($"a control frame has {HeaderLength} to {MaxControlFrame} bytes, not {frame.Length}", nameof(frame));
            if (owner.PortAt(port) is not { IsShut: false, IsMirrorTarget: false } attached)
                return;
            frame.CopyTo(_sending);
            owner.SendOwn(attached, _sending, frame.Length);
        }
    }
}
