using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

// Generators of A, C and Zicsr.
internal sealed partial class RandomProgram
{
    private Action[] Atomics()
    {
        var a = _a;
        Action<Reg, Reg, Reg, bool, bool>[] words = [a.AmoswapW, a.AmoaddW, a.AmoxorW, a.AmoandW, a.AmoorW, a.AmominW, a.AmomaxW, a.AmominuW, a.AmomaxuW];
        Action<Reg, Reg, Reg, bool, bool>[] doubles = [a.AmoswapD, a.AmoaddD, a.AmoxorD, a.AmoandD, a.AmoorD, a.AmominD, a.AmomaxD, a.AmominuD, a.AmomaxuD];
        return
        [
            .. words.Select(method => Amo(method, 4)),
            .. doubles.Select(method => Amo(method, 8)),
            () => Conditional(a.LrW, a.ScW, 4),
            () => Conditional(a.LrD, a.ScD, 8),
        ];
    }

    private Reg AddressInScratch(int alignment)
    {
        Reg address = (Reg)_random.Next(10, 31);
        _a.Li(address, LoggedProgram.Scratch + (ulong)(Next((int)LoggedProgram.ScratchSize / alignment) * alignment));
        return address;
    }

    private Action Amo(Action<Reg, Reg, Reg, bool, bool> method, int size) => () =>
    {
        Reg fresh = NextDestination();
        ulong before = NextInteger();
        Reg operand = Source(), address = AddressInScratch(size), rd = NextDestination();
        if (fresh != address)
        {
            _a.Li(fresh, before);
            _a.Sd(fresh, address, 0);
        }
        method(rd, operand, address, Next(2) == 0, Next(2) == 0);
        string text = Text(Name(method), rd, operand, address);
        Result(rd, text);
        if (rd == address)
            return;
        Reg after = NextDestination();
        _a.Ld(after, address, 0);
        Result(after, "memory after " + text);
        Flush();
    };

    private void Conditional(Action<Reg, Reg, bool, bool> reserve, Action<Reg, Reg, Reg, bool, bool> store, int size)
    {
        Reg address = AddressInScratch(size);
        Reg old = NextOther(address), status = NextOther(address), value = NextOther(address), elsewhere = NextOther(address);
        int way = Next(4);
        _a.Li(value, NextInteger());
        if (way != 1)
            reserve(old, address, Next(2) == 0, Next(2) == 0);
        if (way == 2 && elsewhere != Reg.Zero)
        {
            // Reserved elsewhere: the store must fail.
            _a.Li(elsewhere, LoggedProgram.Scratch + LoggedProgram.ScratchSize - 64);
            reserve(old, elsewhere, false, false);
        }
        store(status, value, address, Next(2) == 0, Next(2) == 0);
        Result(status, Text(Name(store), status, value, "way", way));
        Name(reserve);
        Flush();
        // A reservation serves one store at most.
        store(status, value, address, false, false);
        Result(status, Text("second", Name(store), status, value, "way", way));
        _a.Ld(status, address, 0);
        Result(status, "memory after " + Name(store));
        Flush();
    }

    private Reg NextOther(Reg than)
    {
        Reg register = NextDestination();
        return register == than ? Reg.Zero : register;
    }

    private Action[] Csrs()
    {
        var a = _a;
        Action<Reg, int, Reg>[] registers = [a.Csrrw, a.Csrrs, a.Csrrc];
        Action<Reg, int, int>[] immediates = [a.Csrrwi, a.Csrrsi, a.Csrrci];
        return
        [
            .. registers.Select(method => (Action)(() =>
            {
                Reg x = Source(), rd = NextDestination();
                int csr = _random.Next(Csr.Fflags, Csr.Fcsr + 1);
                method(rd, csr, x);
                AfterCsr(rd, Text(Name(method), rd, csr, x));
            })),
            .. immediates.Select(method => (Action)(() =>
            {
                Reg rd = NextDestination();
                int csr = _random.Next(Csr.Fflags, Csr.Fcsr + 1), immediate = NextImmediate(0, 31);
                method(rd, csr, immediate);
                AfterCsr(rd, Text(Name(method), rd, csr, immediate));
            })),
        ];
    }

    // A reserved rounding mode would make the next dynamic instruction illegal: put a real one back.
    private void AfterCsr(Reg rd, string text)
    {
        Result(rd, text);
        Flush();
        _a.Csrr(Reg.T6, Csr.Fcsr);
        _program.Log(Reg.T6, "fcsr after " + text);
        _a.Csrrwi(Reg.Zero, Csr.Frm, Next(5));
    }

    private Action[] Compressed()
    {
        var a = _a;
        Action<Reg, Reg>[] primes = [a.CSub, a.CXor, a.COr, a.CAnd, a.CSubw, a.CAddw];
        Action<Reg, Reg>[] moves = [a.CMv, a.CAdd];
        Action<Reg, int>[] immediates = [a.CAddi, a.CAddiw, a.CLi];
        Action<Reg, int>[] primeShifts = [a.CSrli, a.CSrai];
        return
        [
            .. primes.Select(method => (Action)(() => { Reg y = PrimeSource(), x = PrimeSource(); method(x, y); Result(x, Text(Name(method), x, y)); })),
            .. moves.Select(method => (Action)(() =>
            {
                Reg y = NonZero(Source()), x = NonZero(NextDestination());
                method(x, y);
                Result(x, Text(Name(method), x, y));
            })),
            .. immediates.Select(method => (Action)(() => CompressedImmediate(method, -32, 31))),
            () => CompressedImmediate(a.CSlli, 1, 63),
            .. primeShifts.Select(method => (Action)(() => { Reg x = PrimeSource(); int n = NextImmediate(1, 63); method(x, n); Result(x, Text(Name(method), x, n)); })),
            () => { Reg x = PrimeSource(); int n = NextImmediate(-32, 31); a.CAndi(x, n); Result(x, Text(Name((Action<Reg, int>)a.CAndi), x, n)); },
            () => { Reg x = NonZero(NextDestination()); int n = Next(2) == 0 ? NextImmediate(1, 31) : NextImmediate(-32, -1); a.CLui(x, n); Result(x, Text(Name(a.CLui), x, n)); },
            StackPointer,
            CompressedMemory, CompressedMemory, CompressedMemory,
            CompressedFloatMemory, CompressedFloatMemory,
            CompressedJumps, CompressedJumps,
            () => { a.CNop(); Emitted.Add(nameof(a.CNop)); },
        ];
    }

    private static Reg NonZero(Reg register) => register == Reg.Zero ? Reg.A0 : register;

    private void CompressedImmediate(Action<Reg, int> method, int low, int high)
    {
        Reg x = NonZero(NextDestination());
        if (Next(2) == 0)
            _a.Li(x, NextInteger());
        int n = NextImmediate(low, high);
        method(x, n);
        Result(x, Text(Name(method), x, n));
    }

    private void StackPointer()
    {
        Reg x = NextPrime();
        int offset = Math.Max(4, NextImmediate(4, 1020) & ~3);
        _a.CAddi4spn(x, offset);
        Result(x, Text(Name(_a.CAddi4spn), x, offset));
        int adjust = NextImmediate(-512, 496) & ~15;
        if (adjust == 0)
            return;
        _a.CAddi16sp(adjust);
        _program.Log(Reg.Sp, Text(Name(_a.CAddi16sp), adjust));
        _a.Li(Reg.Sp, LoggedProgram.Scratch + 0x100);
    }

    private void CompressedMemory()
    {
        var a = _a;
        Reg x = PrimeSource(), y = NonZero(NextDestination());
        int words = NextImmediate(0, 31), doubles = NextImmediate(0, 31), stack = NextImmediate(0, 63);
        // Stores first, so that the loads meet what they wrote half of the time.
        a.CSw(x, Reg.S0, words * 4);
        a.CSd(x, Reg.S0, doubles * 8);
        a.CSwsp(Next(8) == 0 ? Reg.Zero : y, stack * 4);
        a.CSdsp(y, NextImmediate(0, 63) * 8);
        a.CLw(x, Reg.S0, NextImmediate(0, 31) * 4);
        Result(x, "CLw");
        Flush();
        a.CLd(x, Reg.S0, NextImmediate(0, 31) * 8);
        a.CLwsp(y, NextImmediate(0, 63) * 4);
        Result(x, "CLd");
        Result(y, "CLwsp");
        Flush();
        a.CLdsp(y, NextImmediate(0, 63) * 8);
        Result(y, "CLdsp");
        Emitted.UnionWith([nameof(a.CSw), nameof(a.CSd), nameof(a.CSwsp), nameof(a.CSdsp), nameof(a.CLw), nameof(a.CLd), nameof(a.CLwsp), nameof(a.CLdsp)]);
    }

    private void CompressedFloatMemory()
    {
        var a = _a;
        FReg x = (FReg)_random.Next(8, 16), y = NextFloat();
        a.CFsd(x, Reg.S0, NextImmediate(0, 31) * 8);
        a.CFsdsp(y, NextImmediate(0, 63) * 8);
        a.CFld(x, Reg.S0, NextImmediate(0, 31) * 8);
        a.CFldsp(y, NextImmediate(0, 63) * 8);
        Result(x, "CFld");
        Result(y, "CFldsp");
        Emitted.UnionWith([nameof(a.CFsd), nameof(a.CFsdsp), nameof(a.CFld), nameof(a.CFldsp)]);
    }

    private void CompressedJumps()
    {
        var a = _a;
        Reg x = PrimeSource(), counter = Reg.T5;
        string label = NextLabel();
        switch (Next(5))
        {
            case 0:
                a.CJ(label);
                break;
            case 1:
                a.CBeqz(x, label);
                break;
            case 2:
                a.CBnez(x, label);
                break;
            case 3:
                a.La(x, label);
                a.CJr(x);
                break;
            default:
                a.La(x, label);
                a.CJalr(x);
                Result(Reg.Ra, "CJalr");
                break;
        }
        a.CAddi(counter, 1);
        a.Label(label);
        Result(counter, "a compressed jump");
        Emitted.UnionWith([nameof(a.CJ), nameof(a.CBeqz), nameof(a.CBnez), nameof(a.CJr), nameof(a.CJalr)]);
    }
}
