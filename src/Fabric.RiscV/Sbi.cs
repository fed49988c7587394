using Fabric.Memory;

namespace Fabric.RiscV;

/// <summary>The built-in supervisor execution environment: answers ecalls from S-mode when no firmware is given (SBI
/// specification 2.0: base, TIME, IPI, RFENCE, HSM, SRST and DBCN).</summary>
/// <remarks>One object serves all harts of a machine; calls run on the calling hart's thread.</remarks>
public sealed class Sbi
{
    private const ulong BaseExtension = 0x10;
    private const ulong TimeExtension = 0x54494d45;
    private const ulong IpiExtension = 0x735049;
    private const ulong FenceExtension = 0x52464e43;
    private const ulong HartExtension = 0x48534d;
    private const ulong ResetExtension = 0x53525354;
    private const ulong ConsoleExtension = 0x4442434e;
    private const ulong Version20 = 2ul << 24;
    private const ulong ImplementationId = 0xfab;
    private const int ConsoleChunk = 256;

    private readonly IReadOnlyList<Hart> _harts;
    private readonly GuestClock _clock;
    private readonly ISbiHost _host;

    /// <summary>Makes the execution environment of a machine.</summary>
    /// <param name="harts">All harts, in hart-id order.</param>
    /// <param name="clock">The clock that timers are set against.</param>
    /// <param name="host">Console and power switch.</param>
    public Sbi(IReadOnlyList<Hart> harts, GuestClock clock, ISbiHost host)
    {
        ArgumentNullException.ThrowIfNull(harts);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(host);
        _harts = harts;
        _clock = clock;
        _host = host;
    }

    private enum SbiError : long
    {
        Success = 0,
        Failed = -1,
        NotSupported = -2,
        InvalidParameter = -3,
        Denied = -4,
        InvalidAddress = -5,
        AlreadyAvailable = -6,
        AlreadyStarted = -7,
        AlreadyStopped = -8,
    }

    /// <summary>Serves the call in the hart's argument registers and writes a0 and a1.</summary>
    internal void Call(Hart hart)
    {
        Arguments a = new(hart);
        ulong value = 0;
        SbiError error = a.Extension switch
        {
            BaseExtension => Base(a, out value),
            TimeExtension => SetTimer(hart, a),
            IpiExtension => SendIpi(a),
            FenceExtension => RemoteFence(hart, a),
            HartExtension => HartState(hart, a, out value),
            ResetExtension => SystemReset(hart, a),
            ConsoleExtension => Console(hart, a, out value),
            _ => SbiError.NotSupported,
        };
        hart.WriteRegister(10, (ulong)error);
        hart.WriteRegister(11, value);
    }

    private static SbiError Base(in Arguments a, out ulong value)
    {
        value = a.Function switch
        {
            0 => Version20,
            1 => ImplementationId,
            2 => 1,
            3 => a.A0 is BaseExtension or TimeExtension or IpiExtension or FenceExtension or HartExtension or ResetExtension or ConsoleExtension ? 1ul : 0,
            _ => 0,
        };
        return a.Function <= 6 ? SbiError.Success : SbiError.NotSupported;
    }

    private static SbiError SetTimer(Hart hart, in Arguments a)
    {
        if (a.Function != 0)
            return SbiError.NotSupported;
        hart.SetSupervisorTimeCompare(a.A0);
        return SbiError.Success;
    }

    private SbiError SendIpi(in Arguments a)
    {
        if (a.Function != 0)
            return SbiError.NotSupported;
        if (!TrySelect(a.A0, a.A1, out uint selected))
            return SbiError.InvalidParameter;
        foreach (Hart target in _harts)
        {
            if ((selected & (1u << target.Id)) != 0)
                target.SetInterrupt(InterruptLine.SupervisorSoftware, true);
        }

        return SbiError.Success;
    }

    // Ranges and address spaces only narrow a fence; flushing more than was asked for is always right.
    private SbiError RemoteFence(Hart hart, in Arguments a)
    {
        if (a.Function > 2)
            return SbiError.NotSupported;
        if (!TrySelect(a.A0, a.A1, out uint selected))
            return SbiError.InvalidParameter;
        HartRequests request = a.Function == 0 ? HartRequests.FenceI : HartRequests.FlushTlb;
        foreach (Hart target in _harts)
        {
            if ((selected & (1u << target.Id)) != 0)
                target.PostFence(request);
        }

        foreach (Hart target in _harts)
        {
            if ((selected & (1u << target.Id)) != 0)
                target.AwaitFence(hart);
        }

        return SbiError.Success;
    }

    private SbiError HartState(Hart hart, in Arguments a, out ulong value)
    {
        value = 0;
        switch (a.Function)
        {
            case 0:
                if (a.A0 >= (ulong)_harts.Count)
                    return SbiError.InvalidParameter;
                if (!hart.CanFetchFrom(a.A1))
                    return SbiError.InvalidAddress;
                return _harts[(int)a.A0].TryStart(a.A1, a.A2) ? SbiError.Success : SbiError.AlreadyAvailable;
            case 1:
                hart.StopSelf();
                return SbiError.Success;
            case 2:
                if (a.A0 >= (ulong)_harts.Count)
                    return SbiError.InvalidParameter;
                value = (ulong)_harts[(int)a.A0].RunState;
                return SbiError.Success;
            case 3:
                return Suspend(hart, a);
            default:
                return SbiError.NotSupported;
        }
    }

    private static SbiError Suspend(Hart hart, in Arguments a)
    {
        const uint nonRetentive = 0x8000_0000;
        switch ((uint)a.A0)
        {
            case 0:
                hart.WaitForInterrupt();
                return SbiError.Success;
            case nonRetentive when !hart.CanFetchFrom(a.A1):
                return SbiError.InvalidAddress;
            case nonRetentive:
                hart.SuspendSelf(a.A1, a.A2);
                return SbiError.Success;
            default:
                return SbiError.InvalidParameter;
        }
    }

    private SbiError SystemReset(Hart hart, in Arguments a)
    {
        if (a.Function != 0)
            return SbiError.NotSupported;
        if ((uint)a.A0 > 2 || (uint)a.A1 > 1)
            return SbiError.InvalidParameter;
        hart.StopSelf();
        _host.SystemReset((SystemResetKind)(uint)a.A0, (uint)a.A1 == 1);
        return SbiError.Success;
    }

    private SbiError Console(Hart hart, in Arguments a, out ulong value)
    {
        value = 0;
        switch (a.Function)
        {
            case 0:
                return ConsoleTransfer(hart.Memory, a, write: true, out value);
            case 1:
                return ConsoleTransfer(hart.Memory, a, write: false, out value);
            case 2:
                _host.ConsoleWrite([(byte)a.A0]);
                return SbiError.Success;
            default:
                return SbiError.NotSupported;
        }
    }

    // The guest gives a length of up to 2^64: it is checked against RAM, then moved in chunks, and a short count is a valid answer.
    private SbiError ConsoleTransfer(GuestMemory memory, in Arguments a, bool write, out ulong value)
    {
        value = 0;
        int length = (int)Math.Min(a.A0, ConsoleChunk);
        if (a.A2 != 0 || !memory.TryGetSpan(a.A1, length, out Span<byte> bytes))
            return SbiError.InvalidParameter;
        if (write)
        {
            Span<byte> copy = stackalloc byte[ConsoleChunk];
            bytes.CopyTo(copy);
            _host.ConsoleWrite(copy[..length]);
            value = (ulong)length;
        }
        else
        {
            value = (ulong)_host.ConsoleRead(bytes);
        }

        return SbiError.Success;
    }

    private bool TrySelect(ulong mask, ulong first, out uint selected)
    {
        selected = 0;
        uint all = (1u << _harts.Count) - 1;
        if (first == ulong.MaxValue)
        {
            selected = all;
            return true;
        }

        if (mask == 0)
            return true;
        if (first >= (ulong)_harts.Count || mask >> (int)((ulong)_harts.Count - first) != 0)
            return false;
        selected = (uint)(mask << (int)first);
        return true;
    }

    private readonly ref struct Arguments(Hart hart)
    {
        internal readonly ulong A0 = hart.ReadRegister(10);
        internal readonly ulong A1 = hart.ReadRegister(11);
        internal readonly ulong A2 = hart.ReadRegister(12);
        internal readonly ulong Function = hart.ReadRegister(16);
        internal readonly ulong Extension = hart.ReadRegister(17);
    }
}
