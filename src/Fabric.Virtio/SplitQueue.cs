using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Memory;

namespace Fabric.Virtio;

/// <summary>The device's side of a split virtqueue (virtio 1.2, section 2.7), with indirect descriptors and event indices.</summary>
/// <remarks>
/// <para>Whoever touches the rings holds <see cref="Gate"/>. A consumer pops chains, uses their buffers in place, adds them to the used
/// ring and publishes once a burst. Nothing allocates.</para>
/// <para>What is checked, once, by <see cref="TryPop"/>: indices, loops, lengths, order of readable and writable buffers, indirect
/// tables, and that each buffer lies in RAM. Buffers may overlap each other and the rings: the driver then spoils its own data and
/// nothing else, since no ring field is read twice.</para>
/// <para>Order of memory accesses. The driver fills descriptors and ring entries and then stores the available index; the acquiring
/// load of that index keeps our reads behind it. The releasing store of the used index keeps our writes before it. Two places need
/// more, a full barrier, because each side first stores its own word and then loads the other's: used index before used_event or
/// flags, and avail_event or flags before the second look at the available index. Without it both sides could miss each other,
/// and the ring would sleep for ever.</para>
/// </remarks>
public sealed unsafe class SplitQueue
{
    /// <summary>Most buffers in one chain, and the largest queue size.</summary>
    public const int MaxChain = 1024;

    private const ushort DescriptorNext = 1;
    private const ushort DescriptorWrite = 2;
    private const ushort DescriptorIndirect = 4;
    private const ushort AvailableNoInterrupt = 1;
    private const ushort UsedNoNotify = 1;
    private const int DescriptorLength = 16;

    private readonly VirtioDevice _device;
    private readonly QueueBuffer[] _arena = GC.AllocateArray<QueueBuffer>(2 * MaxChain, pinned: true);
    private readonly object _heldGate = new();
    private int _held;
    private GuestMemory? _memory;
    private byte* _descriptors;
    private byte* _available;
    private byte* _used;
    private int _arenaUsed;
    private int _activeSize;
    private int _mask;
    private ushort _nextAvailable;
    private ushort _availableSeen;
    private ushort _nextUsed;
    private ushort _usedPublished;
    private bool _eventIndex;
    private bool _indirect;
    private bool _started;
    private bool _paused;
    private volatile bool _running;

    internal SplitQueue(VirtioDevice device, int index, int maximumSize)
    {
        Debug.Assert(BitOperations.IsPow2(maximumSize) && maximumSize <= MaxChain, "A device asked for an impossible queue.");
        _device = device;
        Index = index;
        MaximumSize = maximumSize;
        Size = (uint)maximumSize;
    }

    /// <summary>Held by whoever touches the rings.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Index among the device's queues.</summary>
    public int Index { get; }

    /// <summary>Largest size offered to the driver.</summary>
    public int MaximumSize { get; }

    /// <summary>Size as the driver set it; checked when the queue starts.</summary>
    public uint Size { get; set; }

    /// <summary>Guest-physical address of the descriptor table, as the driver set it.</summary>
    public ulong DescriptorAddress { get; set; }

    /// <summary>Guest-physical address of the available ring, as the driver set it.</summary>
    public ulong AvailableAddress { get; set; }

    /// <summary>Guest-physical address of the used ring, as the driver set it.</summary>
    public ulong UsedAddress { get; set; }

    /// <summary>True once the driver has said that addresses and size are set.</summary>
    public bool IsReady { get; internal set; }

    /// <summary>True while chains may be popped. Lowered from other threads to make a drain end early.</summary>
    public bool IsRunning => _running;

    /// <summary>How the driver broke the queue, if it did.</summary>
    public QueueFault Fault { get; private set; }

    /// <summary>Begins a burst: the buffers of chains popped before are no longer needed. The caller holds the gate.</summary>
    public void BeginBurst() => _arenaUsed = 0;

    /// <summary>Takes the next available chain. The caller holds the gate.</summary>
    /// <param name="chain">The chain, walked and checked.</param>
    /// <returns>False when there is none, the burst is full, or the queue does not run (any more).</returns>
    public bool TryPop(out DescriptorChain chain)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread, "The rings belong to the holder of the gate.");
        chain = default;
        if (!_running || _arena.Length - _arenaUsed < MaxChain || !HasAvailable())
            return false;
        ushort head = Volatile.Read(ref *(ushort*)(_available + 4 + (2 * (_nextAvailable & _mask))));
        QueueFault fault = Walk(head, ref chain);
        if (fault != QueueFault.None)
            return Break(fault);
        _nextAvailable++;
        return true;
    }

    /// <summary>Puts the last chains popped back to where they were: the next pop finds them again. The caller holds the gate.</summary>
    /// <param name="count">Number of chains, of which none has been added to the used ring.</param>
    public void Undo(int count) => _nextAvailable -= (ushort)count;

    /// <summary>Gives a chain back to the driver; it sees it after <see cref="Publish"/>. The caller holds the gate.</summary>
    /// <param name="head">Head of a chain that was popped.</param>
    /// <param name="written">Bytes written to the front of its writable part (section 2.7.8).</param>
    public void AddUsed(ushort head, uint written)
    {
        if (!_started)
            return;
        // SAFETY: the used ring was checked to hold _activeSize elements in live memory; the mask keeps the slot inside.
        uint* element = (uint*)(_used + 4 + (8 * (_nextUsed & _mask)));
        element[0] = head;
        element[1] = written;
        _nextUsed++;
    }

    /// <summary>Keeps a chain that was popped, and its buffers, in use behind the end of the burst. The caller holds the gate.</summary>
    public void Hold()
    {
        lock (_heldGate)
            _held++;
    }

    /// <summary>Lets go of a chain that was held; nothing of it is touched any more. Any thread.</summary>
    public void Release()
    {
        lock (_heldGate)
        {
            if (--_held == 0)
                Monitor.PulseAll(_heldGate);
        }
    }

    /// <summary>Shows the driver the chains given back. The caller holds the gate.</summary>
    /// <returns>True when the driver wants an interrupt for them (section 2.7.7).</returns>
    public bool Publish()
    {
        if (!_started || _nextUsed == _usedPublished)
            return false;
        ushort old = _usedPublished;
        _usedPublished = _nextUsed;
        // SAFETY: ring headers and the trailing event word were checked to lie in live memory when the queue started.
        Volatile.Write(ref *(ushort*)(_used + 2), _nextUsed);
        Interlocked.MemoryBarrier();
        if (!_eventIndex)
            return (Volatile.Read(ref *(ushort*)_available) & AvailableNoInterrupt) == 0;
        ushort wanted = Volatile.Read(ref *(ushort*)(_available + 4 + (2 * _activeSize)));
        return (ushort)(_nextUsed - wanted - 1) < (ushort)(_nextUsed - old);
    }

    /// <summary>Asks the driver to notify when it makes the next chain available. The caller holds the gate.</summary>
    /// <returns>False when a chain is available already: the notification for it may never come, so take it now.</returns>
    public bool TryArm()
    {
        if (!_started)
            return true;
        // SAFETY: as in Publish.
        if (_eventIndex)
            Volatile.Write(ref *(ushort*)(_used + 4 + (8 * _activeSize)), _nextAvailable);
        else
            Volatile.Write(ref *(ushort*)_used, 0);
        Interlocked.MemoryBarrier();
        return !_running || Volatile.Read(ref *(ushort*)(_available + 2)) == _nextAvailable;
    }

    /// <summary>Tells the driver that notifications are a waste of time for now. The caller holds the gate. With event indices nothing
    /// needs to be said: the driver notifies once, when it passes the index armed last.</summary>
    public void Disarm()
    {
        // SAFETY: as in Publish.
        if (_started && !_eventIndex)
            Volatile.Write(ref *(ushort*)_used, UsedNoNotify);
    }

    internal void Start(GuestMemory? memory, ulong features, bool paused)
    {
        lock (Gate)
        {
            QueueFault fault = memory == null ? QueueFault.RingOutsideMemory : MapRings(memory);
            if (fault != QueueFault.None)
            {
                Break(fault);
                return;
            }

            _memory = memory;
            _eventIndex = (features & VirtioFeatures.EventIndex) != 0;
            _indirect = (features & VirtioFeatures.IndirectDescriptors) != 0;
            _nextAvailable = _availableSeen = _nextUsed = _usedPublished = 0;
            _arenaUsed = 0;
            _paused = paused;
            _started = true;
            _running = !paused;
        }
    }

    /// <summary>Makes a worker leave its drain early; it need not have left yet.</summary>
    internal void RequestStop() => _running = false;

    /// <summary>Stops the queue and waits until its worker has let go of it. Ring state is lost.</summary>
    internal void Stop()
    {
        _running = false;
        AwaitHolders();
        lock (Gate)
        {
            _running = false;
            _started = false;
            _descriptors = _available = _used = null;
            Fault = QueueFault.None;
        }
    }

    /// <summary>Goes back to what the driver finds after a reset.</summary>
    internal void Forget()
    {
        IsReady = false;
        Size = (uint)MaximumSize;
        DescriptorAddress = AvailableAddress = UsedAddress = 0;
    }

    internal void SetPaused(bool paused)
    {
        if (paused)
            _running = false;
        lock (Gate)
        {
            _paused = paused;
            _running = _started && !_paused && Fault == QueueFault.None;
        }

        if (paused)
            AwaitHolders();
    }

    /// <summary>Waits until no chain is held. The queue has stopped running, but whoever had the gate may still have taken one more.</summary>
    private void AwaitHolders()
    {
        lock (Gate)
        {
            // The worker has left its drain: from here on nothing new is held.
        }

        lock (_heldGate)
        {
            while (_held > 0)
                Monitor.Wait(_heldGate);
        }
    }

    /// <summary>Stops the queue for good and asks the driver for a reset. The caller holds the gate.</summary>
    /// <param name="fault">What the driver did.</param>
    /// <returns>False, so that callers can pass it on.</returns>
    internal bool Break(QueueFault fault)
    {
        _running = false;
        Fault = fault;
        _device.Broken(fault);
        return false;
    }

    private QueueFault MapRings(GuestMemory memory)
    {
        if (Size == 0 || Size > (uint)MaximumSize || !BitOperations.IsPow2(Size))
            return QueueFault.QueueSize;
        if (DescriptorAddress % 16 != 0 || AvailableAddress % 2 != 0 || UsedAddress % 4 != 0)
            return QueueFault.RingAlignment;
        // 2.7: each ring ends with an event word, there whether or not EVENT_IDX was agreed on.
        MemoryRange descriptors = new(DescriptorAddress, DescriptorLength * Size);
        MemoryRange available = new(AvailableAddress, 6 + (2 * Size));
        MemoryRange used = new(UsedAddress, 6 + (8 * Size));
        _descriptors = memory.PointerOrNull(descriptors.Base, descriptors.Length);
        _available = memory.PointerOrNull(available.Base, available.Length);
        _used = memory.PointerOrNull(used.Base, used.Length);
        if (_descriptors == null || _available == null || _used == null)
            return QueueFault.RingOutsideMemory;
        if (descriptors.Overlaps(available) || descriptors.Overlaps(used) || available.Overlaps(used))
            return QueueFault.RingOverlap;
        _activeSize = (int)Size;
        _mask = _activeSize - 1;
        return QueueFault.None;
    }

    private bool HasAvailable()
    {
        if (_nextAvailable != _availableSeen)
            return true;
        // SAFETY: as in Publish.
        _availableSeen = Volatile.Read(ref *(ushort*)(_available + 2));
        int waiting = (ushort)(_availableSeen - _nextAvailable);
        if (waiting > _activeSize)
            return Break(QueueFault.AvailableIndex);
        return waiting > 0;
    }

    private QueueFault Walk(ushort head, ref DescriptorChain chain)
    {
        Span<QueueBuffer> buffers = _arena.AsSpan(_arenaUsed, MaxChain);
        byte* table = _descriptors;
        uint entries = (uint)_activeSize;
        uint index = head;
        uint steps = 0;
        int count = 0;
        int readable = 0;
        ulong total = 0;
        ulong readableLength = 0;
        bool indirect = false;
        while (true)
        {
            if (index >= entries)
                return QueueFault.DescriptorIndex;
            if (steps++ == entries)
                return QueueFault.Loop;
            // SAFETY: index is inside the table, and the table inside live memory. Both words are read once; all checks use the copies.
            ulong address = Unsafe.ReadUnaligned<ulong>(table + (DescriptorLength * index));
            ulong word = Unsafe.ReadUnaligned<ulong>(table + (DescriptorLength * index) + 8);
            uint length = (uint)word;
            ushort flags = (ushort)(word >> 32);
            if ((flags & DescriptorIndirect) != 0)
            {
                QueueFault fault = CheckIndirect(indirect, flags, length);
                if (fault != QueueFault.None)
                    return fault;
                table = _memory!.PointerOrNull(address, length);
                if (table == null)
                    return QueueFault.OutsideMemory;
                entries = length / DescriptorLength;
                index = steps = 0;
                indirect = true;
                continue;
            }

            if (length == 0)
                return QueueFault.ZeroLength;
            total += length;
            if (length > int.MaxValue || total > uint.MaxValue)
                return QueueFault.Oversized;
            byte* host = _memory!.PointerOrNull(address, length);
            if (host == null)
                return QueueFault.OutsideMemory;
            if (count == MaxChain)
                return QueueFault.ChainLength;
            if ((flags & DescriptorWrite) == 0)
            {
                if (readable++ != count)
                    return QueueFault.Order;
                readableLength += length;
            }

            buffers[count++] = new QueueBuffer((nint)host, (int)length);
            if ((flags & DescriptorNext) == 0)
                break;
            index = (ushort)(word >> 48);
        }

        _arenaUsed += count;
        chain = new DescriptorChain(head, buffers[..readable], buffers[readable..count], (long)readableLength, (long)(total - readableLength));
        return QueueFault.None;
    }

    private QueueFault CheckIndirect(bool nested, ushort flags, uint length)
    {
        if (!_indirect)
            return QueueFault.IndirectNotAgreed;
        if (nested)
            return QueueFault.IndirectNested;
        if ((flags & DescriptorNext) != 0)
            return QueueFault.IndirectWithNext;
        return length == 0 || length % DescriptorLength != 0 || length > MaxChain * DescriptorLength ? QueueFault.IndirectLength : QueueFault.None;
    }
}
