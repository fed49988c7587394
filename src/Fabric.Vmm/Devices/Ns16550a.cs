using Fabric.Memory;

namespace Fabric.Vmm.Devices;

/// <summary>National Semiconductor's PC16550D UART: the serial line behind a <see cref="SerialConsole"/>.</summary>
/// <remarks>
/// <para>The line is infinitely fast towards the console: the transmitter is always empty again when the write to it returns. Towards
/// the guest it fills the receive FIFO of 16 bytes whenever there is room, so the console's queue is the flow control and no byte is
/// lost. A receive time-out (a FIFO below its trigger level and no more bytes coming) is reported at once instead of after four
/// character times.</para>
/// <para>Registers as in the data sheet's table of registers, one byte apart. Loop-back works, because drivers probe with it.</para>
/// </remarks>
internal sealed class Ns16550a : IMmioDevice
{
    private const int FifoBytes = 16;
    private const byte LineDataReady = 0x01;
    private const byte LineTransmitterEmpty = 0x60;
    private const byte ModemLoop = 0x10;
    private const byte LineControlDlab = 0x80;
    private const byte InterruptReceive = 0x01;
    private const byte InterruptTransmit = 0x02;

    private readonly Lock _gate = new();
    private readonly SerialConsole _console;
    private readonly IInterruptLine _line;
    private readonly Queue<byte> _receive = new(FifoBytes);
    private bool _transmitPending;
    private byte _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl;
    private byte _modemControl;
    private byte _scratch;
    private ushort _divisor;

    internal Ns16550a(SerialConsole console, IInterruptLine line)
    {
        _console = console;
        _line = line;
        console.InputArrived = OnInput;
        Reset();
    }

    private enum Register : ulong
    {
        Data = 0,
        InterruptEnable = 1,
        InterruptIdentOrFifoControl = 2,
        LineControl = 3,
        ModemControl = 4,
        LineStatus = 5,
        ModemStatus = 6,
        Scratch = 7,
    }

    private bool DivisorLatch => (_lineControl & LineControlDlab) != 0;

    private bool Loop => (_modemControl & ModemLoop) != 0;

    /// <summary>Power-on state; bytes not yet received are gone.</summary>
    internal void Reset()
    {
        lock (_gate)
        {
            _receive.Clear();
            _transmitPending = false;
            _interruptEnable = _fifoControl = _modemControl = _scratch = 0;
            _lineControl = 3;
            _divisor = 1;
            Update();
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_gate)
        {
            byte value = ReadRegister((Register)offset);
            Update();
            return value;
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_gate)
        {
            WriteRegister((Register)offset, (byte)value);
            Update();
        }
    }

    private byte ReadRegister(Register register)
    {
        switch (register)
        {
            case Register.Data:
                return DivisorLatch ? (byte)_divisor : _receive.TryDequeue(out byte value) ? value : (byte)0;
            case Register.InterruptEnable:
                return DivisorLatch ? (byte)(_divisor >> 8) : _interruptEnable;
            case Register.InterruptIdentOrFifoControl:
                return IdentifyInterrupt();
            case Register.LineControl:
                return _lineControl;
            case Register.ModemControl:
                return _modemControl;
            case Register.LineStatus:
                Fill();
                return (byte)(LineTransmitterEmpty | (_receive.Count > 0 ? LineDataReady : 0));
            case Register.ModemStatus:
                return ModemStatus();
            case Register.Scratch:
                return _scratch;
            default:
                return 0;
        }
    }

    private void WriteRegister(Register register, byte value)
    {
        switch (register)
        {
            case Register.Data when DivisorLatch:
                _divisor = (ushort)((_divisor & 0xff00) | value);
                break;
            case Register.Data:
                Transmit(value);
                break;
            case Register.InterruptEnable when DivisorLatch:
                _divisor = (ushort)((_divisor & 0xff) | (value << 8));
                break;
            case Register.InterruptEnable:
                // Enabling it with the transmitter empty raises it at once; drivers start sending that way.
                if ((value & ~_interruptEnable & InterruptTransmit) != 0)
                    _transmitPending = true;
                _interruptEnable = (byte)(value & 0x0f);
                break;
            case Register.InterruptIdentOrFifoControl:
                if ((value & 2) != 0 || ((value ^ _fifoControl) & 1) != 0)
                    _receive.Clear();
                _fifoControl = (byte)((value & 1) != 0 ? value & 0xc9 : 0);
                break;
            case Register.LineControl:
                _lineControl = value;
                break;
            case Register.ModemControl:
                _modemControl = (byte)(value & 0x1f);
                break;
            case Register.Scratch:
                _scratch = value;
                break;
            default:
                break;
        }
    }

    private void Transmit(byte value)
    {
        if (!Loop)
            _console.Print([value]);
        else if (_receive.Count < FifoDepth())
            _receive.Enqueue(value);
        _transmitPending = true;
    }

    private byte IdentifyInterrupt()
    {
        byte fifos = (byte)((_fifoControl & 1) != 0 ? 0xc0 : 0);
        byte cause = PendingCause();
        if (cause == 0x02)
            _transmitPending = false;
        return (byte)(fifos | cause);
    }

    /// <summary>The cause of highest priority as IIR shows it; 1 for none.</summary>
    private byte PendingCause()
    {
        if ((_interruptEnable & InterruptReceive) != 0 && _receive.Count > 0)
            return _receive.Count >= TriggerLevel() ? (byte)0x04 : (byte)0x0c;
        return (byte)((_interruptEnable & InterruptTransmit) != 0 && _transmitPending ? 0x02 : 0x01);
    }

    private byte ModemStatus()
    {
        const byte carrierReadyAndClear = 0xb0;
        if (!Loop)
            return carrierReadyAndClear;
        // Loop-back: DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD.
        int control = _modemControl;
        return (byte)(((control & 2) << 3) | ((control & 1) << 5) | ((control & 4) << 4) | ((control & 8) << 4));
    }

    private int FifoDepth() => (_fifoControl & 1) != 0 ? FifoBytes : 1;

    private int TriggerLevel() => (_fifoControl & 1) == 0 ? 1 : (_fifoControl >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 };

    private void OnInput()
    {
        lock (_gate)
            Update();
    }

    private void Fill()
    {
        if (Loop)
            return;
        Span<byte> bytes = stackalloc byte[FifoBytes];
        int count = _console.TakeInput(bytes[..Math.Max(0, FifoDepth() - _receive.Count)]);
        foreach (byte value in bytes[..count])
            _receive.Enqueue(value);
    }

    private void Update()
    {
        // An unopened port leaves its receive interrupt off: what is typed then waits in the console's queue for whoever reads first.
        if ((_interruptEnable & InterruptReceive) != 0)
            Fill();
        _line.SetLevel(PendingCause() != 0x01);
    }
}
