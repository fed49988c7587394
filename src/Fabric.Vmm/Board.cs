using Fabric.Link;
using Fabric.Memory;
using Fabric.RiscV;
using Fabric.Virtio;
using Fabric.Vmm.Boot;
using Fabric.Vmm.Devices;

namespace Fabric.Vmm;

/// <summary>The hardware of one machine: built once, reset as often as wanted, without a notion of whether it runs.</summary>
/// <remarks>Everything but <see cref="RequestStop"/> and <see cref="InstructionsRetired"/> is for when no hart runs.</remarks>
internal sealed class Board : ISbiHost, IDisposable
{
    /// <summary>Status of a virtio-mmio device: writing 0 resets it (virtio 1.2, section 4.2.2).</summary>
    private const ulong VirtioStatusRegister = 0x70;

    private readonly MachineOptions _options;
    private readonly SerialConsole _console;
    private readonly Action<PowerRequest> _onPower;
    private readonly GuestMemory _memory;
    private readonly GuestClock _clock;
    private readonly Hart[] _harts;
    private readonly Plic _plic;
    private readonly Aclint _aclint;
    private readonly Ns16550a _uart;
    private readonly GoldfishRtc _rtc;
    private readonly ConsoleDevice _channels;
    private readonly List<VirtioMmioTransport> _transports = [];

    /// <summary>Builds the board, clock standing still.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="console">Far end of the serial line.</param>
    /// <param name="onPower">Told on a hart's thread what the guest asks for; must not block.</param>
    /// <exception cref="GuestMemoryException">The host refuses the memory.</exception>
    /// <exception cref="InvalidOperationException">The host refuses a hart its descriptor.</exception>
    internal Board(MachineOptions options, SerialConsole console, Action<PowerRequest> onPower)
    {
        _options = options;
        _console = console;
        _onPower = onPower;
        _memory = new GuestMemory(new MemoryRange(MemoryMap.RamBase, (ulong)options.MemoryBytes));
        _clock = new GuestClock(options.Time);
        _clock.Pause();
        var bus = new MmioBus();
        _harts = BuildHarts(bus);
        _plic = new Plic(_harts, (int)MemoryMap.InterruptSources);
        _aclint = new Aclint(_harts, _clock);
        _uart = new Ns16550a(console, _plic.Line((int)MemoryMap.UartInterrupt));
        _rtc = new GoldfishRtc(options.Time, _plic.Line((int)MemoryMap.RtcInterrupt));
        _channels = new ConsoleDevice($"{options.Name} console");
        if (options.Firmware == null)
            AttachSbi();
        MapPlatform(bus);
        MapVirtio(bus);
    }

    /// <summary>All harts, in hart-id order.</summary>
    internal IReadOnlyList<Hart> Harts => _harts;

    /// <summary>One port per NIC.</summary>
    internal IReadOnlyList<IPort> Ports { get; private set; } = [];

    /// <summary>The console device's ports: the terminal, then the agent's.</summary>
    internal ConsoleDevice Channels => _channels;

    internal long InstructionsRetired
    {
        get
        {
            long sum = 0;
            foreach (Hart hart in _harts)
                sum += hart.InstructionsRetired;
            return sum;
        }
    }

    /// <summary>Power-on reset of everything, and the boot files into zeroed RAM.</summary>
    /// <exception cref="MachineException">A boot file cannot be read or does not fit.</exception>
    internal void Boot()
    {
        ResetDevices();
        _memory.Clear();
        var description = new BoardDescription(_options, _transports.Count, (uint)GuestClock.Frequency);
        BootEntry entry = new BootLoader(_memory, _options).Load(description.Build);
        PrivilegeMode mode = entry.MachineMode ? PrivilegeMode.Machine : PrivilegeMode.Supervisor;
        foreach (Hart hart in _harts)
            hart.Reset(entry.Pc, (ulong)hart.Id, entry.DeviceTree, mode);
    }

    /// <summary>Lets clock and devices go on.</summary>
    internal void Resume()
    {
        _clock.Resume();
        foreach (VirtioMmioTransport transport in _transports)
            transport.Device.Resume();
    }

    /// <summary>Lets clock and devices stand still.</summary>
    internal void Pause()
    {
        _clock.Pause();
        foreach (VirtioMmioTransport transport in _transports)
            transport.Device.Quiesce();
    }

    /// <summary>Takes the drivers away from the devices, so that ports and console streams carry nothing, and gives the RAM back.</summary>
    internal void SwitchOff()
    {
        ResetDevices();
        _memory.Clear();
    }

    /// <summary>Asks every hart to come to a stand. Any thread.</summary>
    internal void RequestStop()
    {
        foreach (Hart hart in _harts)
            hart.RequestStop();
    }

    /// <inheritdoc/>
    public void ConsoleWrite(ReadOnlySpan<byte> bytes) => _console.Print(bytes);

    /// <inheritdoc/>
    public int ConsoleRead(Span<byte> bytes) => _console.TakeInput(bytes);

    /// <inheritdoc/>
    public void SystemReset(SystemResetKind kind, bool failure) => _onPower(
        kind != SystemResetKind.Shutdown ? PowerRequest.Reboot : failure ? PowerRequest.Failure : PowerRequest.PowerOff);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VirtioMmioTransport transport in _transports)
            transport.Device.Dispose();
        _rtc.Dispose();
        _memory.Dispose();
    }

    private Hart[] BuildHarts(MmioBus bus)
    {
        try
        {
            var harts = new Hart[_options.Harts];
            for (int i = 0; i < harts.Length; i++)
                harts[i] = new Hart(i, _memory, bus, _clock);
            return harts;
        }
        catch (InvalidOperationException)
        {
            _memory.Dispose();
            throw;
        }
    }

    private void AttachSbi()
    {
        var sbi = new Sbi(_harts, _clock, this);
        foreach (Hart hart in _harts)
            hart.Sbi = sbi;
    }

    private void MapPlatform(MmioBus bus)
    {
        bus.Map(MemoryMap.Syscon, new SysconPower(_onPower));
        bus.Map(MemoryMap.Rtc, _rtc);
        bus.Map(MemoryMap.Aclint, _aclint);
        bus.Map(MemoryMap.Plic, _plic);
        bus.Map(MemoryMap.Uart, _uart);
    }

    private void MapVirtio(MmioBus bus)
    {
        foreach (MachineDisk disk in _options.Disks)
            Add(bus, new BlockDevice(disk.Disk, disk.Serial));
        var nics = new List<NetDevice>();
        foreach (MachineNic nic in _options.Nics)
        {
            nics.Add(new NetDevice(nic.Name, nic.Mac.GetAddressBytes(), nic.Mtu, nic.Offloads));
            Add(bus, nics[^1]);
        }

        Ports = nics;
        Add(bus, _channels);
        Add(bus, new EntropyDevice(span => _options.Random.GetBytes(span), $"{_options.Name} rng"));
    }

    private void Add(MmioBus bus, VirtioDevice device)
    {
        int slot = _transports.Count;
        _transports.Add(new VirtioMmioTransport(device, _memory, _plic.Line((int)MemoryMap.VirtioInterrupt(slot))));
        bus.Map(MemoryMap.Virtio(slot), _transports[^1]);
    }

    private void ResetDevices()
    {
        _plic.Reset();
        _uart.Reset();
        _rtc.Reset();
        _console.DropInput();
        foreach (VirtioMmioTransport transport in _transports)
            transport.Write(VirtioStatusRegister, sizeof(uint), 0);
    }
}
