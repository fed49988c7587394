using System.Globalization;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>
/// Seeded random straight-line code of one instruction group: random registers (x0 and aliases among them), operands from the
/// edge values, immediates at and between their limits. Results are logged in small batches, so that neighbours also meet
/// without a store between them, as in real code.
/// </summary>
internal sealed partial class RandomProgram
{
    private readonly Random _random;
    private readonly LoggedProgram _program = new();
    private readonly RiscvAssembler _a;
    private readonly List<(Reg Register, string Text)> _pending = [];
    private readonly List<(FReg Register, string Text)> _pendingFloat = [];
    private int _labels;

    public RandomProgram(int seed)
    {
        _random = new Random(seed);
        _a = _program.Code;
        for (int i = 0; i < 32; i++)
        {
            if (IsFree((Reg)i))
                _a.Li((Reg)i, NextInteger());
        }
        for (int i = 0; i < 32; i++)
            _program.Li((FReg)i, NextDouble());
        for (int i = 0; i < 64; i++)
        {
            _a.Li(Reg.T6, NextInteger());
            _a.Sd(Reg.T6, Reg.S0, 8 * i);
        }
        _a.Csrrw(Reg.Zero, Csr.Fcsr, Reg.Zero);
    }

    /// <summary>Mnemonics of all generators, for the completeness test.</summary>
    public static HashSet<string> Emitted { get; } = new(StringComparer.Ordinal);

    /// <summary>Emits so many steps of a group, then all registers.</summary>
    public LoggedProgram Build(string group, int steps)
    {
        Action[] generators = Generators(group);
        for (int i = 0; i < steps; i++)
        {
            generators[_random.Next(generators.Length)]();
            if (_random.Next(3) != 0)
                Flush();
        }
        Flush();
        for (int i = 1; i < 31; i++)
            _program.Log((Reg)i, $"x{i} at the end");
        for (int i = 0; i < 32; i++)
            _program.Log((FReg)i, $"f{i} at the end");
        return _program;
    }

    private Action[] Generators(string group) => group switch
    {
        "I" => Integer(),
        "M" => Multiply(),
        "A" => Atomics(),
        "F" => Singles(),
        "D" => Doubles(),
        "C" => Compressed(),
        "Zicsr" => Csrs(),
        "mixed" => [.. Integer(), .. Multiply(), .. Atomics(), .. Singles(), .. Doubles(), .. Compressed(), .. Csrs()],
        _ => throw new ArgumentOutOfRangeException(nameof(group)),
    };

    private static bool IsFree(Reg register) => register is not (Reg.Sp or Reg.S0 or Reg.S1 or Reg.T6);

    private static string Name(Delegate method)
    {
        Emitted.Add(method.Method.Name);
        return method.Method.Name;
    }

    private int Next(int limit) => _random.Next(limit);

    private Reg NextDestination()
    {
        while (true)
        {
            Reg register = (Reg)Next(32);
            if (IsFree(register))
                return register;
        }
    }

    private Reg NextPrime() => (Reg)_random.Next(10, 16);

    private FReg NextFloat() => (FReg)Next(32);

    private ulong NextInteger() => Next(4) == 0
        ? (ulong)_random.NextInt64(long.MinValue, long.MaxValue) >> Next(64)
        : IsaValues.Integers[Next(IsaValues.Integers.Length)];

    private uint NextSingle() => Next(3) == 0 ? (uint)_random.NextInt64(1L << 32) : IsaValues.Singles[Next(IsaValues.Singles.Length)];

    private ulong NextDouble() => Next(3) == 0
        ? (ulong)_random.NextInt64(long.MinValue, long.MaxValue)
        : IsaValues.Doubles[Next(IsaValues.Doubles.Length)];

    private int NextImmediate(int low, int high) => Next(4) switch
    {
        0 => low,
        1 => high,
        2 => Math.Clamp(Next(7) - 3, low, high),
        _ => _random.Next(low, high + 1),
    };

    /// <summary>A register to read; two times of three it gets a fresh value first, and it may be any, even a reserved one.</summary>
    private Reg Source()
    {
        Reg register = (Reg)Next(32);
        if (IsFree(register) && Next(3) != 0)
            _a.Li(register, NextInteger());
        return register == Reg.T6 ? Reg.Zero : register;
    }

    private Reg PrimeSource()
    {
        Reg register = NextPrime();
        if (Next(3) != 0)
            _a.Li(register, NextInteger());
        return register;
    }

    private void Result(Reg rd, string text) => _pending.Add((rd, text));

    private void Result(FReg rd, string text)
    {
        _pendingFloat.Add((rd, text));
    }

    private void Flush()
    {
        foreach ((Reg register, string text) in _pending)
            _program.Log(register, text);
        foreach ((FReg register, string text) in _pendingFloat)
            _program.Log(register, text);
        if (_pendingFloat.Count > 0)
            _program.LogFlags("fflags after " + _pendingFloat[^1].Text);
        _pending.Clear();
        _pendingFloat.Clear();
    }

    private static string Text(params object[] parts) => string.Join(' ', parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part}")));

    private string NextLabel() => $"skip{_labels++}";

    private Action[] Integer()
    {
        var a = _a;
        Action<Reg, Reg, Reg>[] three = [a.Add, a.Sub, a.Sll, a.Slt, a.Sltu, a.Xor, a.Srl, a.Sra, a.Or, a.And, a.Addw, a.Subw, a.Sllw, a.Srlw, a.Sraw];
        Action<Reg, Reg, int>[] immediates = [a.Addi, a.Slti, a.Sltiu, a.Xori, a.Ori, a.Andi, a.Addiw];
        Action<Reg, Reg, int>[] shifts = [a.Slli, a.Srli, a.Srai, a.Slliw, a.Srliw, a.Sraiw];
        Action<Reg, int>[] uppers = [a.Lui, a.Auipc];
        Action<Reg, Reg, int>[] loads = [a.Lb, a.Lh, a.Lw, a.Ld, a.Lbu, a.Lhu, a.Lwu];
        Action<Reg, Reg, int>[] stores = [a.Sb, a.Sh, a.Sw, a.Sd];
        Action<Reg, Reg, string>[] branches = [a.Beq, a.Bne, a.Blt, a.Bge, a.Bltu, a.Bgeu];
        return
        [
            .. three.Select(ThreeRegisters),
            .. immediates.Select(method => Immediate(method, -2048, 2047)),
            .. shifts.Select(method => Immediate(method, 0, method.Method.Name.EndsWith('w') ? 31 : 63)),
            .. uppers.Select(Upper),
            .. loads.Select(Load),
            .. stores.Select(Store),
            .. branches.Select(Branch),
            Jal, Jalr, Fence, ClangPairs, ClangPairs,
        ];
    }

    private Action[] Multiply()
    {
        var a = _a;
        Action<Reg, Reg, Reg>[] three = [a.Mul, a.Mulh, a.Mulhsu, a.Mulhu, a.Div, a.Divu, a.Rem, a.Remu, a.Mulw, a.Divw, a.Divuw, a.Remw, a.Remuw];
        return [.. three.Select(ThreeRegisters)];
    }

    private Action ThreeRegisters(Action<Reg, Reg, Reg> method) => () =>
    {
        Reg x = Source(), y = Source(), rd = NextDestination();
        method(rd, x, y);
        Result(rd, Text(Name(method), rd, x, y));
    };

    private Action Immediate(Action<Reg, Reg, int> method, int low, int high) => () =>
    {
        Reg x = Source(), rd = NextDestination();
        int immediate = NextImmediate(low, high);
        method(rd, x, immediate);
        Result(rd, Text(Name(method), rd, x, immediate));
    };

    private Action Upper(Action<Reg, int> method) => () =>
    {
        Reg rd = NextDestination();
        int immediate = NextImmediate(0, 0xFFFFF);
        method(rd, immediate);
        Result(rd, Text(Name(method), rd, immediate));
    };

    private Action Load(Action<Reg, Reg, int> method) => () =>
    {
        Reg rd = NextDestination();
        int offset = NextImmediate(-2048, 2040);
        method(rd, Reg.S0, offset);
        Result(rd, Text(Name(method), rd, offset));
    };

    private Action Store(Action<Reg, Reg, int> method) => () =>
    {
        Reg x = Source();
        int offset = NextImmediate(-2048, 2040);
        method(x, Reg.S0, offset);
        Reg rd = NextDestination();
        _a.Ld(rd, Reg.S0, Math.Min(offset, 2040) & ~7);
        Result(rd, Text(Name(method), x, offset));
    };

    private Action Branch(Action<Reg, Reg, string> method) => () =>
    {
        Reg x = Source(), y = Source(), rd = NextDestination();
        string label = NextLabel();
        method(x, y, label);
        _a.Addi(rd, rd, 1);
        _a.Label(label);
        Result(rd, Text(Name(method), x, y));
    };

    private void Jal()
    {
        Reg rd = NextDestination();
        string label = NextLabel();
        _a.Jal(rd, label);
        _a.Addi(rd, rd, 1);
        _a.Label(label);
        Emitted.Add(nameof(RiscvAssembler.Jal));
        Result(rd, Text("Jal", rd));
    }

    private void Jalr()
    {
        Reg rd = NextDestination(), target = NextDestination();
        if (target == Reg.Zero)
            target = Reg.A0;
        string label = NextLabel();
        int bias = NextImmediate(-2048, 2047);
        _a.La(target, label);
        _a.Li(Reg.T6, bias);
        _a.Sub(target, target, Reg.T6);
        // An odd target loses its lowest bit.
        if (bias < 2047 && Next(2) == 0)
            bias++;
        _a.Jalr(rd, target, bias);
        _a.Addi(rd, rd, 1);
        _a.Label(label);
        Emitted.Add(nameof(RiscvAssembler.Jalr));
        Result(rd, Text("Jalr", rd, target, bias));
    }

    private void Fence()
    {
        _a.Fence(Next(16), Next(16));
        _a.FenceTso();
        _a.FenceI();
        Emitted.UnionWith([nameof(RiscvAssembler.Fence), nameof(RiscvAssembler.FenceTso), nameof(RiscvAssembler.FenceI)]);
    }

    // What compilers put side by side and translators like to fuse.
    private void ClangPairs()
    {
        Reg rd = NextDestination(), x = Source();
        int immediate = NextImmediate(-2048, 2047);
        Reg second = Next(4) == 0 ? NextDestination() : rd;
        switch (Next(5))
        {
            case 0:
                _a.Lui(rd, NextImmediate(0, 0xFFFFF));
                _a.Addiw(second, rd, immediate);
                break;
            case 1:
                _a.Lui(rd, NextImmediate(0, 0xFFFFF));
                _a.Addi(second, rd, immediate);
                break;
            case 2:
                _a.Auipc(rd, NextImmediate(0, 0xFFFFF));
                _a.Addi(second, rd, immediate);
                break;
            case 3:
                _a.Slli(rd, x, Next(2) == 0 ? 32 : NextImmediate(0, 63));
                _a.Srli(second, rd, NextImmediate(0, 63));
                break;
            default:
                _a.Slli(rd, x, 48);
                _a.Srai(second, rd, NextImmediate(0, 63));
                _a.Addi(second, second, immediate);
                break;
        }
        Result(rd, "first of a pair");
        Result(second, "second of a pair");
    }
}
