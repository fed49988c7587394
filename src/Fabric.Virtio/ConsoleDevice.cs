using System.Buffers.Binary;
using System.Text;

namespace Fabric.Virtio;

/// <summary>A console for the guest (virtio 1.2, section 5.3): port 0 is a terminal (hvc0), the others are named byte channels.</summary>
/// <remarks>
/// <para>With MULTIPORT both sides introduce themselves over two control queues (5.3.5, 5.3.6.2):</para>
/// <code>
///   driver DEVICE_READY ──▶             ◀── DEVICE_ADD for each port
///   driver PORT_READY ──▶               ◀── CONSOLE_PORT (terminal) or PORT_NAME, then PORT_OPEN: the host side is open, always
///   driver PORT_OPEN 1 / 0 ──▶ a process in the guest has opened or closed the port
/// </code>
/// <para>Without it there is only port 0, open while the driver is live. One thread serves all queues.</para>
/// </remarks>
public sealed class ConsoleDevice : VirtioDevice
{
    /// <summary>Name of the port on which the guest's agent answers.</summary>
    public const string AgentPortName = "org.fabric.agent";

    private const ulong SizeFeature = 1UL << 0;
    private const ulong MultiportFeature = 1UL << 1;
    private const int ControlReceive = 2;
    private const int ControlTransmit = 3;
    private const int DataQueueLength = 128;
    private const int ControlQueueLength = 64;
    private const int ConfigLength = 8;
    private const int ColumnsField = 0;
    private const int PortsField = 4;
    private const int ControlLength = 8;
    private const int LongestMessage = ControlLength + 64;

    private readonly Lock _portGate = new();
    private readonly ConsolePort[] _ports;
    private readonly DeviceThread _thread;
    private ushort _columns = 80;
    private ushort _rows = 25;

    /// <summary>Makes a terminal and an agent's port, and starts the device's thread.</summary>
    /// <param name="name">Name for the device's thread.</param>
    public ConsoleDevice(string name = "console")
        : this(name, AgentPortName)
    {
    }

    /// <summary>Makes a terminal and named channels, and starts the device's thread.</summary>
    /// <param name="name">Name for the device's thread.</param>
    /// <param name="channels">Names of ports 1 and up, ASCII, at most 64 bytes each.</param>
    public ConsoleDevice(string name, params ReadOnlySpan<string> channels)
        : base(VirtioDeviceType.Console, SizeFeature | MultiportFeature, QueueSizes(1 + channels.Length), ConfigLength)
    {
        _ports = new ConsolePort[1 + channels.Length];
        _ports[0] = new ConsolePort(string.Empty, Wake);
        for (int i = 0; i < channels.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(channels[i].Length, LongestMessage - ControlLength, nameof(channels));
            _ports[i + 1] = new ConsolePort(channels[i], Wake);
        }

        Span<byte> ports = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(ports, _ports.Length);
        SetConfig(PortsField, ports);
        WriteSize(tell: false);
        _thread = new DeviceThread(name, Serve);
    }

    /// <summary>All ports; port 0 is the terminal.</summary>
    public IReadOnlyList<ConsolePort> Ports => _ports;

    /// <summary>The terminal, hvc0 in a Linux guest.</summary>
    public ConsolePort Terminal => _ports[0];

    /// <summary>Tells the guest the size of the terminal (5.3.4 and, with MULTIPORT, VIRTIO_CONSOLE_RESIZE in 5.3.6.3). Any thread.</summary>
    /// <param name="columns">Width in characters.</param>
    /// <param name="rows">Height in lines.</param>
    public void Resize(int columns, int rows)
    {
        lock (_portGate)
        {
            _columns = (ushort)Math.Clamp(columns, 0, ushort.MaxValue);
            _rows = (ushort)Math.Clamp(rows, 0, ushort.MaxValue);
            // Before PORT_READY there is no port to resize; it gets the size in force then.
            if (Terminal.IsReady)
                Terminal.Pending |= ConsolePortMessages.Resize;
        }

        WriteSize(tell: true);
        Wake();
    }

    /// <inheritdoc/>
    protected override void OnNotify(int index) => Wake();

    /// <inheritdoc/>
    protected override void OnActivate()
    {
        if (!IsMultiport)
            Terminal.SetOpen(true);
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        foreach (ConsolePort port in _ports)
        {
            lock (_portGate)
            {
                port.Pending = ConsolePortMessages.None;
                port.IsReady = false;
            }

            port.Taken = 0;
            port.SetOpen(false);
        }
    }

    /// <inheritdoc/>
    protected override void OnQueueReset(int index)
    {
        for (int i = 0; i < _ports.Length; i++)
        {
            if (index == TransmitIndex(i))
                _ports[i].Taken = 0;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _thread.Dispose();
        foreach (ConsolePort port in _ports)
            port.End();
    }

    private bool IsMultiport => (Features & MultiportFeature) != 0;

    private static int ReceiveIndex(int port) => port == 0 ? 0 : 2 + (2 * port);

    private static int TransmitIndex(int port) => ReceiveIndex(port) + 1;

    private static int[] QueueSizes(int ports)
    {
        int[] sizes = new int[2 + (2 * ports)];
        Array.Fill(sizes, DataQueueLength);
        sizes[ControlReceive] = sizes[ControlTransmit] = ControlQueueLength;
        return sizes;
    }

    // The device's own constructor makes ports before its thread.
    private void Wake() => _thread?.Wake();

    private void WriteSize(bool tell)
    {
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16LittleEndian(size, _columns);
        BinaryPrimitives.WriteUInt16LittleEndian(size[2..], _rows);
        if (tell)
            ChangeConfig(ColumnsField, size);
        else
            SetConfig(ColumnsField, size);
    }

    private void Serve()
    {
        do
        {
            while (ServeOnce())
            {
            }

            foreach (SplitQueue queue in Queues)
            {
                // What became available meanwhile is found by the next round.
                lock (queue.Gate)
                    queue.TryArm();
            }
        }
        while (ServeOnce());
    }

    private bool ServeOnce()
    {
        bool progress = IsMultiport && (TakeControl() | SendControl());
        for (int i = 0; i < _ports.Length; i++)
            progress |= TakeData(_ports[i], Queues[TransmitIndex(i)]) | GiveData(_ports[i], Queues[ReceiveIndex(i)]);
        return progress;
    }

    private bool TakeData(ConsolePort port, SplitQueue queue)
    {
        if (!queue.IsRunning)
            return false;
        bool progress = false;
        lock (queue.Gate)
        {
            while (port.FromGuest.Room > 0)
            {
                queue.BeginBurst();
                if (!queue.TryPop(out DescriptorChain chain))
                    break;
                progress = true;
                if (!TryTakeChain(port, in chain))
                {
                    // The rest of the chain is found again once the host has read: held back, not lost.
                    queue.Undo(1);
                    break;
                }

                port.Taken = 0;
                queue.AddUsed(chain.Head, 0);
            }

            PublishLocked(queue);
        }

        return progress;
    }

    private static bool TryTakeChain(ConsolePort port, in DescriptorChain chain)
    {
        int skip = port.Taken;
        foreach (QueueBuffer buffer in chain.Readable)
        {
            int known = Math.Min(skip, buffer.Length);
            skip -= known;
            if (known == buffer.Length)
                continue;
            int taken = port.FromGuest.Write(buffer.Span[known..]);
            port.Taken += taken;
            if (taken < buffer.Length - known)
                return false;
        }

        return true;
    }

    private bool GiveData(ConsolePort port, SplitQueue queue)
    {
        if (!queue.IsRunning || port.ToGuest.Count == 0 || !port.IsOpen)
            return false;
        bool progress = false;
        lock (queue.Gate)
        {
            while (port.ToGuest.Count > 0)
            {
                queue.BeginBurst();
                if (!queue.TryPop(out DescriptorChain chain))
                    break;
                progress = true;
                uint given = 0;
                foreach (QueueBuffer buffer in chain.Writable)
                    given += (uint)port.ToGuest.Read(buffer.Span);
                queue.AddUsed(chain.Head, given);
            }

            PublishLocked(queue);
        }

        return progress;
    }

    private bool TakeControl()
    {
        SplitQueue queue = Queues[ControlTransmit];
        bool progress = false;
        Span<byte> message = stackalloc byte[ControlLength];
        lock (queue.Gate)
        {
            queue.BeginBurst();
            while (queue.TryPop(out DescriptorChain chain))
            {
                progress = true;
                if (chain.TryTakeReadable(message))
                    HandleControl(message);
                queue.AddUsed(chain.Head, 0);
                queue.BeginBurst();
            }

            PublishLocked(queue);
        }

        return progress;
    }

    // Inside the control queue's gate: a reset waits for it, and then forgets what was noted here.
    private void HandleControl(ReadOnlySpan<byte> message)
    {
        uint id = BinaryPrimitives.ReadUInt32LittleEndian(message);
        bool value = BinaryPrimitives.ReadUInt16LittleEndian(message[6..]) != 0;
        switch ((ConsoleEvent)BinaryPrimitives.ReadUInt16LittleEndian(message[4..]))
        {
            case ConsoleEvent.DeviceReady when value:
                foreach (ConsolePort port in _ports)
                    AddPending(port, ConsolePortMessages.Add);
                break;
            case ConsoleEvent.PortReady when value && id < (uint)_ports.Length:
                Introduce(_ports[id]);
                break;
            case ConsoleEvent.PortOpen when id < (uint)_ports.Length:
                _ports[id].SetOpen(value);
                break;
        }
    }

    private void Introduce(ConsolePort port)
    {
        lock (_portGate)
            port.IsReady = true;
        AddPending(port, ConsolePortMessages.Open | (port == Terminal ? ConsolePortMessages.ConsolePort | ConsolePortMessages.Resize : ConsolePortMessages.Name));
    }

    private void AddPending(ConsolePort port, ConsolePortMessages messages)
    {
        lock (_portGate)
            port.Pending |= messages;
    }

    private bool SendControl()
    {
        SplitQueue queue = Queues[ControlReceive];
        bool progress = false;
        Span<byte> message = stackalloc byte[LongestMessage];
        lock (queue.Gate)
        {
            for (int i = 0; i < _ports.Length; i++)
            {
                while (_ports[i].Pending != ConsolePortMessages.None)
                {
                    queue.BeginBurst();
                    if (!queue.TryPop(out DescriptorChain chain))
                        break;
                    progress = true;
                    int length = NextMessage(i, message);
                    queue.AddUsed(chain.Head, (uint)chain.Write(message[..length]));
                }
            }

            PublishLocked(queue);
        }

        return progress;
    }

    private int NextMessage(int id, Span<byte> message)
    {
        ConsolePort port = _ports[id];
        lock (_portGate)
        {
            ConsolePortMessages next = port.Pending & (ConsolePortMessages)(-(int)port.Pending);
            port.Pending &= ~next;
            ConsoleEvent kind = next switch
            {
                ConsolePortMessages.Add => ConsoleEvent.DeviceAdd,
                ConsolePortMessages.ConsolePort => ConsoleEvent.ConsolePort,
                ConsolePortMessages.Name => ConsoleEvent.PortName,
                ConsolePortMessages.Open => ConsoleEvent.PortOpen,
                _ => ConsoleEvent.Resize,
            };
            BinaryPrimitives.WriteInt32LittleEndian(message, id);
            BinaryPrimitives.WriteUInt16LittleEndian(message[4..], (ushort)kind);
            BinaryPrimitives.WriteUInt16LittleEndian(message[6..], 1);
            return ControlLength + WriteExtra(kind, port, message[ControlLength..]);
        }
    }

    private int WriteExtra(ConsoleEvent kind, ConsolePort port, Span<byte> extra)
    {
        if (kind == ConsoleEvent.PortName)
            return Encoding.ASCII.GetBytes(port.Name, extra);
        if (kind != ConsoleEvent.Resize)
            return 0;
        // 5.3.6.3: columns first.
        BinaryPrimitives.WriteUInt16LittleEndian(extra, _columns);
        BinaryPrimitives.WriteUInt16LittleEndian(extra[2..], _rows);
        return 4;
    }
}
