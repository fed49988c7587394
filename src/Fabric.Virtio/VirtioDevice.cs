// Virtio: how a guest's driver and a device here talk (virtio 1.2, OASIS committee specification 01).
//
// What flows through. A driver in the guest puts buffers into guest RAM, links them into a descriptor chain, and writes the head of
// the chain into the available ring of a virtqueue; then it may write a notification register. The device walks the chain
// (SplitQueue.TryPop), reads from and writes to the buffers in place, puts the head into the used ring with the number of bytes it
// wrote (AddUsed), publishes the used index once a burst (Publish), and raises an interrupt unless the driver has asked for none.
//
//      guest driver ──── available ring ───▶ SplitQueue.TryPop ──▶ device: Block, Net, Console, Entropy
//            ▲ interrupt                                                    │
//            └────────── used ring ◀──── Publish ◀──── AddUsed ◀────────────┘
//
// Who does what.
//   * SplitQueue knows rings and descriptors, nothing of devices. It checks every chain once.
//   * VirtioDevice (this file) knows the life of a device: status, features, configuration space, starting and stopping of queues.
//   * VirtioMmioTransport maps both to registers of a virtio-mmio window. A vhost-user back end drives the same VirtioDevice.
//   * The devices know their requests. None of them touches a register or an interrupt line.
//
// States (2.1, 3.1). Reset ─ACKNOWLEDGE, DRIVER─▶ negotiating ─FEATURES_OK─▶ queues being set up ─DRIVER_OK─▶ live. Writing 0 leads
// back to Reset from anywhere, as often as the guest likes: a reboot, an unbound driver. A queue runs only while the device is live,
// the queue is ready, the machine is not paused and the queue is not broken.
//
// Threads and locks, in the order in which they are taken:
//   1. the transport's register lock (hart threads),
//   2. this class's state lock: status, features, start, stop, pause,
//   3. the Gate of one queue: whoever touches its rings holds it, for a burst, never longer than a request on the host's disk,
//   4. leaves: the configuration lock, the transport's interrupt lock.
// A thread inside a Gate never asks for 1 or 2. To stop a queue, its running flag is lowered first, so that a worker in the middle of
// a long drain sees it and leaves after the chain it has in hand; then the Gate is taken, which waits for that; then chains that are
// held beyond a burst (a disk request that waits for the host's device) are waited for. Once Reset, ResetQueue
// or Quiesce has returned, no thread reads or writes guest memory on behalf of the stopped queues.
//
// Trust. Everything in guest memory and every register value is hostile, and may change at any moment. Each field is read once into
// host memory and then checked. A chain that breaks the rules stops its queue, sets DEVICE_NEEDS_RESET and raises a configuration
// interrupt (2.1.2); the VM goes on, and the driver may reset the device. A request that is well formed as a chain but makes no sense
// to the device is answered with the device's own error status. Nothing throws for what a guest does.
//
// A kick is no state: it only means "look at the ring". So every queue is looked at again after DRIVER_OK and after Resume.

using Fabric.Memory;

namespace Fabric.Virtio;

/// <summary>A virtio device, whatever transport carries it: status, feature negotiation, configuration space and virtqueues
/// (virtio 1.2, chapters 2 and 3).</summary>
/// <remarks>
/// <para>Members that a transport calls may be called from any thread; they block at most until the device's workers have let go of a
/// queue. Nothing throws for what a guest does.</para>
/// <para><see cref="Dispose()"/> stops the queues and joins the device's threads; guest memory must outlive it.</para>
/// </remarks>
public abstract class VirtioDevice : IDisposable
{
    private const VirtioStatus DriverBits =
        VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk | VirtioStatus.DriverOk | VirtioStatus.Failed;

    private readonly Lock _stateGate = new();
    private readonly Lock _configGate = new();
    private readonly SplitQueue[] _queues;
    private readonly byte[] _config;
    private GuestMemory? _memory;
    private Action<int>? _queueInterrupt;
    private Action? _configInterrupt;
    private int _status;
    private int _lastFault;
    private uint _generation;
    private ulong _driverFeatures;
    private ulong _features;
    private bool _paused;
    private bool _disposed;

    /// <summary>Lays out a device.</summary>
    /// <param name="type">Device type, section 5.</param>
    /// <param name="features">Feature bits that the device offers beyond the queue's and the transport's own.</param>
    /// <param name="queueSizes">Largest size of each queue, powers of two up to <see cref="SplitQueue.MaxChain"/>.</param>
    /// <param name="configLength">Length of the configuration space in bytes.</param>
    protected VirtioDevice(VirtioDeviceType type, ulong features, ReadOnlySpan<int> queueSizes, int configLength)
    {
        Type = type;
        OfferedFeatures = features | VirtioFeatures.Version1 | VirtioFeatures.IndirectDescriptors | VirtioFeatures.EventIndex | VirtioFeatures.RingReset;
        _config = new byte[configLength];
        _queues = new SplitQueue[queueSizes.Length];
        for (int i = 0; i < _queues.Length; i++)
            _queues[i] = new SplitQueue(this, i, queueSizes[i]);
    }

    /// <summary>Device type (section 5).</summary>
    public VirtioDeviceType Type { get; }

    /// <summary>Every feature bit the device offers (section 2.2).</summary>
    public ulong OfferedFeatures { get; }

    /// <summary>The feature bits agreed on, fixed when the driver sets FEATURES_OK; 0 before and after a reset.</summary>
    public ulong Features => Volatile.Read(ref _features);

    /// <summary>The device status field (section 2.1).</summary>
    public VirtioStatus Status => (VirtioStatus)Volatile.Read(ref _status);

    /// <summary>True while a driver is live (DRIVER_OK).</summary>
    public bool IsLive => (Status & VirtioStatus.DriverOk) != 0;

    /// <summary>Why the device last asked for a reset; stays readable after the reset.</summary>
    public QueueFault LastFault => (QueueFault)Volatile.Read(ref _lastFault);

    /// <summary>The device's virtqueues, in the order of section 5.</summary>
    public ReadOnlySpan<SplitQueue> Queues => _queues;

    /// <summary>Changes whenever the configuration space does, so that a driver can read it consistently (section 2.5).</summary>
    public uint ConfigGeneration => Volatile.Read(ref _generation);

    /// <summary>Connects the device to a machine. Called once, by the transport.</summary>
    /// <param name="memory">The RAM in which the rings and buffers lie.</param>
    /// <param name="queueInterrupt">Tells the driver that a queue (by index) has used buffers. Any thread; must not block.</param>
    /// <param name="configInterrupt">Tells the driver that the configuration or the status changed. Any thread; must not block.</param>
    public void Attach(GuestMemory memory, Action<int> queueInterrupt, Action configInterrupt)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (_memory != null)
            throw new InvalidOperationException("The device is attached to a machine already.");
        _memory = memory;
        _queueInterrupt = queueInterrupt;
        _configInterrupt = configInterrupt;
    }

    /// <summary>Takes half of the driver's feature bits. Ignored once FEATURES_OK is set (section 2.2.1).</summary>
    /// <param name="high">True for bits 32 to 63.</param>
    /// <param name="bits">The bits.</param>
    public void WriteDriverFeatures(bool high, uint bits)
    {
        lock (_stateGate)
        {
            if ((Status & VirtioStatus.FeaturesOk) == 0)
                _driverFeatures = high ? (_driverFeatures & uint.MaxValue) | ((ulong)bits << 32) : (_driverFeatures & ~(ulong)uint.MaxValue) | bits;
        }
    }

    /// <summary>Takes what the driver writes to the status field (section 2.1.1): 0 resets; bits can be added, not taken away.</summary>
    /// <param name="value">The value written; bits that belong to the device are ignored.</param>
    public void WriteStatus(VirtioStatus value)
    {
        lock (_stateGate)
        {
            if (value == VirtioStatus.None)
            {
                ResetLocked();
                return;
            }

            VirtioStatus added = value & DriverBits & ~Status;
            if ((added & VirtioStatus.FeaturesOk) != 0 && !AgreeLocked())
                added &= ~(VirtioStatus.FeaturesOk | VirtioStatus.DriverOk);
            if (((Status | added) & VirtioStatus.FeaturesOk) == 0)
                added &= ~VirtioStatus.DriverOk;
            Interlocked.Or(ref _status, (int)added);
            if ((added & VirtioStatus.DriverOk) != 0 && !_disposed)
                ActivateLocked();
        }
    }

    /// <summary>Takes the driver's word that a queue's addresses and size are set (QueueReady, section 4.2.2).</summary>
    /// <param name="index">Queue index; an index without a queue is ignored.</param>
    /// <param name="ready">True to enable; false stops the queue and waits until workers have let go of it.</param>
    public void SetQueueReady(uint index, bool ready)
    {
        lock (_stateGate)
        {
            if (index >= (uint)_queues.Length)
                return;
            SplitQueue queue = _queues[index];
            if (!ready)
                StopQueueLocked(queue);
            else if (!queue.IsReady)
                ReadyQueueLocked(queue);
        }
    }

    /// <summary>Resets one queue (RING_RESET, section 2.6.1): stops it, waits until workers have let go of it, and forgets its rings.</summary>
    /// <param name="index">Queue index; an index without a queue is ignored, and so is everything when the feature was not agreed on.</param>
    public void ResetQueue(uint index)
    {
        lock (_stateGate)
        {
            if (index < (uint)_queues.Length && (Features & VirtioFeatures.RingReset) != 0)
                StopQueueLocked(_queues[index]);
        }
    }

    /// <summary>Takes the driver's notification that a queue has available buffers (section 4.2.3.3). Never blocks.</summary>
    /// <param name="index">Queue index; an index without a queue is ignored.</param>
    public void Notify(uint index)
    {
        if (index < (uint)_queues.Length && _queues[index].IsRunning)
            OnNotify((int)index);
    }

    /// <summary>Stops all reading and writing of guest memory, for a paused machine or a checkpoint. Returns when it has stopped.</summary>
    public void Quiesce()
    {
        lock (_stateGate)
        {
            _paused = true;
            foreach (SplitQueue queue in _queues)
                queue.SetPaused(true);
        }
    }

    /// <summary>Goes on after <see cref="Quiesce"/>; every queue is looked at again.</summary>
    public void Resume()
    {
        lock (_stateGate)
        {
            _paused = false;
            foreach (SplitQueue queue in _queues)
                queue.SetPaused(false);
            NotifyAllLocked();
        }
    }

    /// <summary>Reads the configuration space (section 2.5).</summary>
    /// <param name="offset">Offset in bytes.</param>
    /// <param name="destination">Filled; bytes past the end of the configuration space read as 0.</param>
    public void ReadConfig(ulong offset, Span<byte> destination)
    {
        destination.Clear();
        lock (_configGate)
        {
            if (offset >= (ulong)_config.Length)
                return;
            ReadOnlySpan<byte> from = _config.AsSpan((int)offset);
            from[..Math.Min(from.Length, destination.Length)].CopyTo(destination);
        }
    }

    /// <summary>Takes what the driver writes to the configuration space; what is not writable there is ignored.</summary>
    /// <param name="offset">Offset in bytes.</param>
    /// <param name="source">The bytes.</param>
    public void WriteConfig(ulong offset, ReadOnlySpan<byte> source) => OnConfigWrite(offset, source);

    /// <summary>Stops the queues and joins the device's threads.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    internal void Broken(QueueFault fault)
    {
        Volatile.Write(ref _lastFault, (int)fault);
        Interlocked.Or(ref _status, (int)VirtioStatus.NeedsReset);
        _configInterrupt?.Invoke();
    }

    /// <summary>Stops the queues; overridden to join threads afterwards.</summary>
    /// <param name="disposing">True, always: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        lock (_stateGate)
        {
            _disposed = true;
            ResetLocked();
        }
    }

    /// <summary>The driver is live and its queues run. Called under the state lock.</summary>
    protected virtual void OnActivate()
    {
    }

    /// <summary>The device was reset; no queue runs. Called under the state lock.</summary>
    protected virtual void OnReset()
    {
    }

    /// <summary>A queue was stopped on its own and forgot its rings. Called under the state lock.</summary>
    /// <param name="index">Queue index.</param>
    protected virtual void OnQueueReset(int index)
    {
    }

    /// <summary>A running queue may have available buffers. Called on a hart's thread, among others: must not block.</summary>
    /// <param name="index">Queue index.</param>
    protected abstract void OnNotify(int index);

    /// <summary>The driver wrote to the configuration space.</summary>
    /// <param name="offset">Offset in bytes; anything.</param>
    /// <param name="source">The bytes.</param>
    protected virtual void OnConfigWrite(ulong offset, ReadOnlySpan<byte> source)
    {
    }

    /// <summary>Publishes what was added to a queue's used ring and interrupts the driver if it wants that. The caller holds the
    /// queue's <see cref="SplitQueue.Gate"/>.</summary>
    /// <param name="queue">The queue.</param>
    protected void PublishLocked(SplitQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        if (queue.Publish())
            _queueInterrupt?.Invoke(queue.Index);
    }

    /// <summary>Changes the configuration space without telling the driver: at construction, or for what the driver itself wrote.</summary>
    /// <param name="offset">Offset in bytes, inside the configuration space.</param>
    /// <param name="value">The new bytes, little-endian.</param>
    protected void SetConfig(int offset, ReadOnlySpan<byte> value)
    {
        lock (_configGate)
        {
            value.CopyTo(_config.AsSpan(offset, value.Length));
            Volatile.Write(ref _generation, _generation + 1);
        }
    }

    /// <summary>Changes the configuration space and interrupts a live driver (section 2.5, configuration change notification).</summary>
    /// <param name="offset">Offset in bytes, inside the configuration space.</param>
    /// <param name="value">The new bytes, little-endian.</param>
    protected void ChangeConfig(int offset, ReadOnlySpan<byte> value)
    {
        SetConfig(offset, value);
        if (IsLive)
            _configInterrupt?.Invoke();
    }

    // 2.2.2: the device clears FEATURES_OK when the driver picks what was not offered. 6.1: a driver without VERSION_1 is a legacy one.
    private bool AgreeLocked()
    {
        if ((_driverFeatures & ~OfferedFeatures) != 0 || (_driverFeatures & VirtioFeatures.Version1) == 0)
            return false;
        Volatile.Write(ref _features, _driverFeatures);
        return true;
    }

    private void ActivateLocked()
    {
        foreach (SplitQueue queue in _queues)
        {
            if (queue.IsReady)
                queue.Start(_memory, Features, _paused);
        }

        OnActivate();
        NotifyAllLocked();
    }

    private void ReadyQueueLocked(SplitQueue queue)
    {
        queue.IsReady = true;
        if (!IsLive || _disposed)
            return;
        queue.Start(_memory, Features, _paused);
        Notify((uint)queue.Index);
    }

    private void StopQueueLocked(SplitQueue queue)
    {
        queue.Stop();
        queue.IsReady = false;
        OnQueueReset(queue.Index);
    }

    private void NotifyAllLocked()
    {
        for (int i = 0; i < _queues.Length; i++)
            Notify((uint)i);
    }

    // Queues first: a worker that still finds a fault sets NEEDS_RESET inside a Gate, so none can do so after the status is cleared.
    private void ResetLocked()
    {
        foreach (SplitQueue queue in _queues)
            queue.RequestStop();
        foreach (SplitQueue queue in _queues)
        {
            queue.Stop();
            queue.Forget();
        }

        _driverFeatures = 0;
        Volatile.Write(ref _features, 0);
        Volatile.Write(ref _status, 0);
        OnReset();
    }
}
