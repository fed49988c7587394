using System.Buffers.Binary;
using Fabric.Memory;
using Fabric.Virtio;

namespace Fabric.TestKit.Virtio;

/// <summary>A machine without a processor: RAM, one virtio-mmio device, its interrupt wire, and a driver that is the test.</summary>
/// <remarks>The driver follows virtio 1.2 sections 3.1.1 and 4.2.3 and talks through registers only.</remarks>
public sealed class GuestMachine : IDisposable
{
    public const ulong RamBase = 0x8000_0000;
    public const int RamLength = 16 << 20;
    public const ulong FeatureIndirect = 1UL << 28;
    public const ulong FeatureEventIndex = 1UL << 29;
    public const ulong FeatureVersion1 = 1UL << 32;
    public const ulong FeatureRingReset = 1UL << 40;

    private ulong _next = RamBase;

    /// <param name="device">The device; disposed with the machine.</param>
    /// <param name="more">RAM beyond the usual.</param>
    public GuestMachine(VirtioDevice device, params ReadOnlySpan<MemoryRange> more)
    {
        Device = device;
        Memory = new GuestMemory([new MemoryRange(RamBase, RamLength), .. more]);
        Transport = new VirtioMmioTransport(device, Memory, Line);
    }

    public VirtioDevice Device { get; }

    public GuestMemory Memory { get; }

    public VirtioMmioTransport Transport { get; }

    public InterruptProbe Line { get; } = new();

    public uint Status => Read(0x70);

    public bool NeedsReset => (Status & 64) != 0;

    public uint InterruptStatus => Read(0x60);

    /// <summary>Features that the device offers.</summary>
    public ulong OfferedFeatures
    {
        get
        {
            Write(0x14, 1);
            ulong high = Read(0x10);
            Write(0x14, 0);
            return (high << 32) | Read(0x10);
        }
    }

    public uint Read(ulong register) => (uint)Transport.Read(register, 4);

    public void Write(ulong register, uint value) => Transport.Write(register, 4, value);

    /// <summary>Reads configuration space byte by byte.</summary>
    public byte[] Config(int offset, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)Transport.Read(0x100 + (ulong)(offset + i), 1);
        return bytes;
    }

    public uint Config32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Config(offset, 4));

    /// <summary>Takes zeroed guest memory that nothing else uses.</summary>
    public ulong Allocate(int length, int alignment = 16)
    {
        ulong at = (_next + (ulong)alignment - 1) & ~((ulong)alignment - 1);
        _next = at + (ulong)length;
        if (_next > RamBase + RamLength)
            throw new InvalidOperationException("The test needs more guest memory than the machine has.");
        return at;
    }

    /// <summary>Puts bytes somewhere in guest memory.</summary>
    public ulong Place(ReadOnlySpan<byte> bytes)
    {
        ulong at = Allocate(Math.Max(bytes.Length, 1));
        Memory.PutBytes(at, bytes);
        return at;
    }

    /// <summary>A device-readable buffer with these bytes.</summary>
    public GuestBuffer Readable(ReadOnlySpan<byte> bytes) => new(Place(bytes), (uint)bytes.Length, false);

    /// <summary>An empty device-writable buffer.</summary>
    public GuestBuffer Writable(int length) => new(Allocate(length), (uint)length, true);

    /// <summary>Goes from reset to FEATURES_OK (3.1.1 steps 1 to 6).</summary>
    /// <param name="features">Feature bits wanted; VERSION_1 is added.</param>
    /// <returns>True when the device took them.</returns>
    public bool Negotiate(ulong features)
    {
        Write(0x70, 0);
        Write(0x70, 1);
        Write(0x70, 1 | 2);
        features |= FeatureVersion1;
        Write(0x24, 0);
        Write(0x20, (uint)features);
        Write(0x24, 1);
        Write(0x20, (uint)(features >> 32));
        Write(0x70, 1 | 2 | 8);
        return (Status & 8) != 0;
    }

    /// <summary>Lays out a queue and makes it ready (4.2.3.2).</summary>
    public GuestQueue AddQueue(int index, int size)
    {
        GuestQueue queue = new(this, index, size);
        Configure(queue);
        return queue;
    }

    /// <summary>Tells the device of a queue that was laid out before; its rings are emptied.</summary>
    public void Configure(GuestQueue queue)
    {
        queue.Forget();
        Write(0x30, (uint)queue.Index);
        Write(0x38, (uint)queue.Size);
        WriteAddress(0x80, queue.Descriptors);
        WriteAddress(0x90, queue.Available);
        WriteAddress(0xA0, queue.Used);
        Write(0x44, 1);
    }

    public void WriteAddress(ulong register, ulong address)
    {
        Write(register, (uint)address);
        Write(register + 4, (uint)(address >> 32));
    }

    /// <summary>Sets DRIVER_OK.</summary>
    public void Go() => Write(0x70, 1 | 2 | 8 | 4);

    /// <summary>Negotiates, lays out queues 0 … of one size, and goes live.</summary>
    public GuestQueue[] Start(ulong features, int queues, int size)
    {
        if (!Negotiate(features))
            throw new InvalidOperationException($"The device refuses features 0x{features:x}; it offers 0x{OfferedFeatures:x}.");
        GuestQueue[] all = new GuestQueue[queues];
        for (int i = 0; i < queues; i++)
            all[i] = AddQueue(i, size);
        Go();
        return all;
    }

    /// <summary>Waits for an interrupt and acknowledges it.</summary>
    /// <returns>The causes that were set: 1 used buffers, 2 configuration.</returns>
    public uint WaitInterrupt()
    {
        if (!Line.Wait())
            throw new TimeoutException("The device raised no interrupt.");
        uint causes = InterruptStatus;
        Write(0x64, causes);
        return causes;
    }

    public void Dispose()
    {
        Device.Dispose();
        Memory.Dispose();
    }
}
