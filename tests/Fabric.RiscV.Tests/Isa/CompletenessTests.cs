using System.Text;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>Every instruction of RV64GC, by the manual's listing, has a table test and, where user mode has it, a differential one.</summary>
public sealed class CompletenessTests
{
    private const string Unprivileged =
        """
        lui auipc jal jalr beq bne blt bge bltu bgeu lb lh lw lbu lhu sb sh sw addi slti sltiu xori ori andi slli srli srai
        add sub sll slt sltu xor srl sra or and fence fence.tso
        lwu ld sd addiw slliw srliw sraiw addw subw sllw srlw sraw fence.i
        csrrw csrrs csrrc csrrwi csrrsi csrrci
        mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw
        lr.w sc.w amoswap.w amoadd.w amoxor.w amoand.w amoor.w amomin.w amomax.w amominu.w amomaxu.w
        lr.d sc.d amoswap.d amoadd.d amoxor.d amoand.d amoor.d amomin.d amomax.d amominu.d amomaxu.d
        flw fsw fmadd.s fmsub.s fnmsub.s fnmadd.s fadd.s fsub.s fmul.s fdiv.s fsqrt.s fsgnj.s fsgnjn.s fsgnjx.s fmin.s fmax.s
        fcvt.w.s fcvt.wu.s fmv.x.w feq.s flt.s fle.s fclass.s fcvt.s.w fcvt.s.wu fmv.w.x fcvt.l.s fcvt.lu.s fcvt.s.l fcvt.s.lu
        fld fsd fmadd.d fmsub.d fnmsub.d fnmadd.d fadd.d fsub.d fmul.d fdiv.d fsqrt.d fsgnj.d fsgnjn.d fsgnjx.d fmin.d fmax.d
        fcvt.s.d fcvt.d.s feq.d flt.d fle.d fclass.d fcvt.w.d fcvt.wu.d fcvt.d.w fcvt.d.wu
        fcvt.l.d fcvt.lu.d fmv.x.d fcvt.d.l fcvt.d.lu fmv.d.x
        c.addi4spn c.fld c.lw c.ld c.fsd c.sw c.sd c.nop c.addi c.addiw c.li c.addi16sp c.lui c.srli c.srai c.andi c.sub c.xor c.or
        c.and c.subw c.addw c.j c.beqz c.bnez c.slli c.fldsp c.lwsp c.ldsp c.jr c.mv c.jalr c.add c.fsdsp c.swsp c.sdsp
        """;

    // These trap or need a mode that a user program lacks.
    private const string OnTheHartOnly = "ecall ebreak c.ebreak mret sret wfi sfence.vma";

    private static readonly char[] s_blanks = [' ', '\n', '\r'];

    private static string[] Words(string text) => text.Split(s_blanks, StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void EveryInstructionHasATableTest()
    {
        IEnumerable<string> covered =
        [
            .. IntegerTests.Covered, .. MemoryTests.Covered, .. ControlFlowTests.Covered, .. FloatInstructionTests.Covered, .. CompressedTests.Covered,
            .. SystemTests.Covered,
        ];
        Assert.Empty(Words(Unprivileged).Concat(Words(OnTheHartOnly)).Except(covered));
        Assert.Empty(covered.Except(Words(Unprivileged).Concat(Words(OnTheHartOnly))));
    }

    [Fact]
    public void EveryUserInstructionIsComparedWithQemu()
    {
        // Enough steps that each generator of the mixture has its turn.
        const int steps = 5000;
        new RandomProgram(1).Build("mixed", steps);
        Assert.Empty(Words(Unprivileged).Except(RandomProgram.Emitted.Select(Mnemonic)));
    }

    // AmoaddW → amoadd.w, CAddi16sp → c.addi16sp, FcvtWuS → fcvt.wu.s.
    private static string Mnemonic(string method)
    {
        var text = new StringBuilder();
        foreach (char c in method)
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append('.');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}
