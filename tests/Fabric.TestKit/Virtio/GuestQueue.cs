using Fabric.Memory;

namespace Fabric.TestKit.Virtio;

/// <summary>The driver's side of a split virtqueue, written from the text of virtio 1.2 section 2.7 and sharing no code with the device.
/// Rings lie in real guest memory; tests may also scribble on them directly.</summary>
public sealed class GuestQueue
{
    public const ushort FlagNext = 1;
    public const ushort FlagWrite = 2;
    public const ushort FlagIndirect = 4;

    private readonly GuestMachine _machine;
    private readonly Stack<ushort> _free = new();
    private readonly Dictionary<uint, ushort[]> _chains = [];
    private ushort _usedSeen;

    internal GuestQueue(GuestMachine machine, int index, int size)
    {
        _machine = machine;
        Index = index;
        Size = size;
        Descriptors = machine.Allocate(16 * size, 4096);
        Available = machine.Allocate(6 + (2 * size), 4096);
        Used = machine.Allocate(6 + (8 * size), 4096);
        for (int i = size - 1; i >= 0; i--)
            _free.Push((ushort)i);
    }

    public int Index { get; }

    public int Size { get; }

    /// <summary>Guest-physical address of the descriptor table.</summary>
    public ulong Descriptors { get; }

    /// <summary>Guest-physical address of the available ring.</summary>
    public ulong Available { get; }

    /// <summary>Guest-physical address of the used ring.</summary>
    public ulong Used { get; }

    /// <summary>Number of descriptors not in a chain.</summary>
    public int FreeDescriptors => _free.Count;

    public ushort AvailableIndex
    {
        get => Memory.Get<ushort>(Available + 2);
        set => Memory.Put(Available + 2, value);
    }

    public ushort UsedIndex => Memory.Get<ushort>(Used + 2);

    public ushort UsedFlags => Memory.Get<ushort>(Used);

    /// <summary>used_event (2.7.7): interrupt me when the used index passes this.</summary>
    public ushort UsedEvent
    {
        set => Memory.Put(Available + 4 + (2 * (ulong)Size), value);
    }

    /// <summary>avail_event (2.7.8): the device wants to be notified when the available index passes this.</summary>
    public ushort AvailableEvent => Memory.Get<ushort>(Used + 4 + (8 * (ulong)Size));

    private GuestMemory Memory => _machine.Memory;

    /// <summary>VIRTQ_AVAIL_F_NO_INTERRUPT.</summary>
    public void SuppressInterrupts(bool suppress) => Memory.Put(Available, (ushort)(suppress ? 1 : 0));

    /// <summary>Writes one descriptor.</summary>
    public void WriteDescriptor(int index, ulong address, uint length, ushort flags, ushort next) =>
        WriteDescriptor(Descriptors, index, address, length, flags, next);

    /// <summary>Writes one descriptor of any table.</summary>
    public void WriteDescriptor(ulong table, int index, ulong address, uint length, ushort flags, ushort next)
    {
        ulong at = table + (16 * (ulong)index);
        Memory.Put(at, address);
        Memory.Put(at + 8, length);
        Memory.Put(at + 12, flags);
        Memory.Put(at + 14, next);
    }

    /// <summary>Puts a chain of direct descriptors into the ring and makes it available; does not notify.</summary>
    /// <returns>The head.</returns>
    public ushort Add(params ReadOnlySpan<GuestBuffer> buffers)
    {
        ushort[] taken = new ushort[buffers.Length];
        for (int i = 0; i < taken.Length; i++)
            taken[i] = _free.Pop();
        for (int i = 0; i < taken.Length; i++)
        {
            bool last = i == taken.Length - 1;
            ushort flags = (ushort)((buffers[i].Writable ? FlagWrite : 0) | (last ? 0 : FlagNext));
            WriteDescriptor(taken[i], buffers[i].Address, buffers[i].Length, flags, last ? (ushort)0 : taken[i + 1]);
        }

        _chains[taken[0]] = taken;
        Expose(taken[0]);
        return taken[0];
    }

    /// <summary>Puts a chain into an indirect table (2.7.5.3) and makes it available; does not notify.</summary>
    /// <returns>The head.</returns>
    public ushort AddIndirect(params ReadOnlySpan<GuestBuffer> buffers)
    {
        ulong table = _machine.Allocate(16 * buffers.Length, 16);
        for (int i = 0; i < buffers.Length; i++)
        {
            bool last = i == buffers.Length - 1;
            ushort flags = (ushort)((buffers[i].Writable ? FlagWrite : 0) | (last ? 0 : FlagNext));
            WriteDescriptor(table, i, buffers[i].Address, buffers[i].Length, flags, (ushort)(last ? 0 : i + 1));
        }

        ushort head = _free.Pop();
        WriteDescriptor(head, table, (uint)(16 * buffers.Length), FlagIndirect, 0);
        _chains[head] = [head];
        Expose(head);
        return head;
    }

    /// <summary>Makes a descriptor available as a head, whatever stands in it.</summary>
    public void Expose(ushort head)
    {
        ushort index = AvailableIndex;
        Memory.Put(Available + 4 + (2 * (ulong)(index % Size)), head);
        AvailableIndex = (ushort)(index + 1);
    }

    /// <summary>Notifies the device, wanted or not.</summary>
    public void Kick() => _machine.Write(0x50, (uint)Index);

    /// <summary>Takes the next used element and frees its descriptors.</summary>
    public bool TryTakeUsed(out UsedElement element)
    {
        element = default;
        if (UsedIndex == _usedSeen)
            return false;
        Interlocked.MemoryBarrier();
        ulong at = Used + 4 + (8 * (ulong)(_usedSeen % Size));
        element = new UsedElement(Memory.Get<uint>(at), Memory.Get<uint>(at + 4));
        _usedSeen++;
        if (_chains.Remove(element.Id, out ushort[]? taken))
        {
            foreach (ushort descriptor in taken.Reverse())
                _free.Push(descriptor);
        }

        return true;
    }

    /// <summary>Waits for the next used element as a driver without interrupts would: by looking.</summary>
    public UsedElement WaitUsed()
    {
        UsedElement element = default;
        if (!SpinWait.SpinUntil(() => TryTakeUsed(out element), TimeSpan.FromSeconds(20)))
            throw new TimeoutException($"Queue {Index}: the device gave nothing back; status {_machine.Status}, fault {_machine.Device.LastFault}.");
        return element;
    }

    internal void Forget()
    {
        Memory.Zero(Descriptors, 16 * Size);
        Memory.Zero(Available, 6 + (2 * Size));
        Memory.Zero(Used, 6 + (8 * Size));
        _usedSeen = 0;
        _free.Clear();
        _chains.Clear();
        for (int i = Size - 1; i >= 0; i--)
            _free.Push((ushort)i);
    }
}
