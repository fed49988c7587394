using System.Buffers.Binary;
using Fabric.Memory;

namespace Fabric.Virtio;

/// <summary>A virtio device behind memory-mapped registers (virtio 1.2, section 4.2, version 2).</summary>
/// <remarks>Registers below 0x100 answer 4-byte accesses only; the configuration space answers any. One level-triggered interrupt
/// carries both causes. A status write of 0 returns when no device thread touches guest memory any more.</remarks>
public sealed class VirtioMmioTransport : IMmioDevice
{
    /// <summary>Size of the register window in guest-physical address space, in bytes.</summary>
    public const ulong WindowLength = 0x1000;

    private const ulong ConfigSpace = 0x100;
    private const uint Magic = 0x74726976; // "virt"
    private const uint Version = 2;
    private const uint VendorId = 0x43425246; // "FRBC"
    private const uint UsedBufferInterrupt = 1;
    private const uint ConfigChangeInterrupt = 2;

    private readonly VirtioDevice _device;
    private readonly IInterruptLine _line;
    private readonly Lock _gate = new();
    private readonly Lock _interruptGate = new();
    private uint _interruptStatus;
    private uint _deviceFeaturesSelector;
    private uint _driverFeaturesSelector;
    private uint _queueSelector;

    /// <summary>Puts a device behind registers; the caller maps the window.</summary>
    /// <param name="device">The device; the transport does not dispose it.</param>
    /// <param name="memory">RAM of the machine.</param>
    /// <param name="line">The device's own interrupt wire.</param>
    public VirtioMmioTransport(VirtioDevice device, GuestMemory memory, IInterruptLine line)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(line);
        _device = device;
        _line = line;
        device.Attach(memory, _ => Raise(UsedBufferInterrupt), () => Raise(ConfigChangeInterrupt));
    }

    /// <summary>The device behind the registers.</summary>
    public VirtioDevice Device => _device;

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        if (offset >= ConfigSpace)
            return ReadConfig(offset - ConfigSpace, size);
        if (size != 4)
            return 0;
        lock (_gate)
            return ReadRegister((MmioRegister)offset);
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset >= ConfigSpace)
        {
            WriteConfig(offset - ConfigSpace, size, value);
            return;
        }

        if (size != 4)
            return;
        // The two that a running driver uses stay clear of the register lock: a hart must not wait behind another one's reset.
        if (offset == (ulong)MmioRegister.QueueNotify)
            _device.Notify((uint)value);
        else if (offset == (ulong)MmioRegister.InterruptAck)
            Acknowledge((uint)value);
        else
            WriteLocked((MmioRegister)offset, (uint)value);
    }

    private void WriteLocked(MmioRegister register, uint value)
    {
        lock (_gate)
            WriteRegister(register, value);
    }

    private uint ReadRegister(MmioRegister register) => register switch
    {
        MmioRegister.Magic => Magic,
        MmioRegister.Version => Version,
        MmioRegister.DeviceId => (uint)_device.Type,
        MmioRegister.VendorId => VendorId,
        MmioRegister.DeviceFeatures => _deviceFeaturesSelector switch
        {
            0 => (uint)_device.OfferedFeatures,
            1 => (uint)(_device.OfferedFeatures >> 32),
            _ => 0,
        },
        MmioRegister.QueueSizeMax => SelectedQueue is { } queue ? (uint)queue.MaximumSize : 0,
        MmioRegister.QueueReady => SelectedQueue is { IsReady: true } ? 1u : 0u,
        MmioRegister.InterruptStatus => Volatile.Read(ref _interruptStatus),
        MmioRegister.Status => (uint)_device.Status,
        // 4.2.2: a device without shared memory regions reads −1. QueueReset reads 0 since the reset ends with its write.
        MmioRegister.SharedMemoryLengthLow or MmioRegister.SharedMemoryLengthHigh => uint.MaxValue,
        MmioRegister.SharedMemoryBaseLow or MmioRegister.SharedMemoryBaseHigh => uint.MaxValue,
        MmioRegister.ConfigGeneration => _device.ConfigGeneration,
        _ => 0,
    };

    private void WriteRegister(MmioRegister register, uint value)
    {
        switch (register)
        {
            case MmioRegister.DeviceFeaturesSelector:
                _deviceFeaturesSelector = value;
                break;
            case MmioRegister.DriverFeaturesSelector:
                _driverFeaturesSelector = value;
                break;
            case MmioRegister.DriverFeatures:
                if (_driverFeaturesSelector <= 1)
                    _device.WriteDriverFeatures(_driverFeaturesSelector == 1, value);
                break;
            case MmioRegister.QueueSelector:
                _queueSelector = value;
                break;
            case MmioRegister.QueueReady:
                _device.SetQueueReady(_queueSelector, (value & 1) != 0);
                break;
            case MmioRegister.QueueReset:
                if (value == 1)
                    _device.ResetQueue(_queueSelector);
                break;
            case MmioRegister.Status:
                WriteStatus(value);
                break;
            default:
                WriteQueueRegister(register, value);
                break;
        }
    }

    // 4.2.2.2: the driver sets these before QueueReady; what it writes later is ignored.
    private void WriteQueueRegister(MmioRegister register, uint value)
    {
        if (SelectedQueue is not { IsReady: false } queue)
            return;
        switch (register)
        {
            case MmioRegister.QueueSize:
                queue.Size = value;
                break;
            case MmioRegister.QueueDescriptorLow:
                queue.DescriptorAddress = WithLow(queue.DescriptorAddress, value);
                break;
            case MmioRegister.QueueDescriptorHigh:
                queue.DescriptorAddress = WithHigh(queue.DescriptorAddress, value);
                break;
            case MmioRegister.QueueAvailableLow:
                queue.AvailableAddress = WithLow(queue.AvailableAddress, value);
                break;
            case MmioRegister.QueueAvailableHigh:
                queue.AvailableAddress = WithHigh(queue.AvailableAddress, value);
                break;
            case MmioRegister.QueueUsedLow:
                queue.UsedAddress = WithLow(queue.UsedAddress, value);
                break;
            case MmioRegister.QueueUsedHigh:
                queue.UsedAddress = WithHigh(queue.UsedAddress, value);
                break;
        }
    }

    private void WriteStatus(uint value)
    {
        // Only the low byte exists; a write that leaves it 0 is a reset.
        _device.WriteStatus((VirtioStatus)(value & 0xFF));
        if ((value & 0xFF) == 0)
            Acknowledge(uint.MaxValue);
    }

    private SplitQueue? SelectedQueue => _queueSelector < (uint)_device.Queues.Length ? _device.Queues[(int)_queueSelector] : null;

    private ulong ReadConfig(ulong offset, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        _device.ReadConfig(offset, bytes[..size]);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void WriteConfig(ulong offset, int size, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _device.WriteConfig(offset, bytes[..size]);
    }

    // Status word and wire change together, or an acknowledgement could lower the wire over a cause that was raised meanwhile.
    private void Raise(uint cause)
    {
        lock (_interruptGate)
        {
            if ((_interruptStatus & cause) != 0)
                return;
            _interruptStatus |= cause;
            _line.SetLevel(true);
        }
    }

    private void Acknowledge(uint causes)
    {
        lock (_interruptGate)
        {
            _interruptStatus &= ~causes;
            if (_interruptStatus == 0)
                _line.SetLevel(false);
        }
    }

    private static ulong WithLow(ulong address, uint low) => (address & ~(ulong)uint.MaxValue) | low;

    private static ulong WithHigh(ulong address, uint high) => (address & uint.MaxValue) | ((ulong)high << 32);
}
